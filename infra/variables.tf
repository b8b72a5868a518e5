variable "name" {
  description = "Name of the function, and what the names of everything else begin with."
  type        = string
  default     = "stream-predictor"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}[a-z0-9]$", var.name))
    error_message = "name = \"${var.name}\": allowed are 3 to 26 lower-case letters, digits and hyphens, so that buckets can be named for it."
  }
}

variable "run_id" {
  description = "MLflow run id of the model. Without one there is no function yet: streams, buckets and the repository are made."
  type        = string
  default     = null

  validation {
    condition     = var.run_id == null || can(regex("^[0-9a-f]{32}$", var.run_id))
    error_message = "run_id = \"${coalesce(var.run_id, "-")}\": an MLflow run id has 32 hexadecimal digits."
  }
}

variable "canary" {
  description = "Gives the version of run_id only a share of the invocations (0.01 to 0.99), and the rest to stable_version, a published version of the function."
  type = object({
    stable_version = string
    share          = number
  })
  default = null

  validation {
    condition     = var.canary == null || can(regex("^[1-9][0-9]*$", var.canary.stable_version))
    error_message = "canary.stable_version: the number of a published version, such as \"7\"."
  }
  validation {
    condition     = var.canary == null || try(var.canary.share >= 0.01 && var.canary.share <= 0.99, false)
    error_message = "canary.share: from 0.01 to 0.99; 1 is no canary."
  }
}

variable "model" {
  description = <<-EOT
    Where MLflow logs models: an existing bucket and its key, if that is one of yours (without it, a bucket is made), the
    prefix of the artifact root in it, and the experiment. location is an s3:// address in that bucket, for a run that has
    several models.
  EOT
  type = object({
    existing      = optional(object({ bucket = string, kms_key_arn = optional(string) }))
    prefix        = optional(string, "")
    experiment_id = optional(string, "1")
    location      = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !can(regex("^/|/$|[*?]", var.model.prefix))
    error_message = "model.prefix = \"${var.model.prefix}\": without slashes around it, and without * and ?."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-][A-Za-z0-9_.-]*$", var.model.experiment_id))
    error_message = "model.experiment_id = \"${var.model.experiment_id}\": letters, digits, - , _ and ., usually just a number."
  }
  validation {
    condition     = var.model.location == null || can(regex("^s3://[^/*?]+/[^*?]+$", var.model.location))
    error_message = "model.location: s3://bucket/prefix, without * and ?."
  }
  validation {
    condition     = var.model.location == null || var.model.existing == null || try(startswith(var.model.location, "s3://${var.model.existing.bucket}/"), false)
    error_message = "model.location: in the bucket model.existing.bucket."
  }
}

variable "input_stream" {
  description = <<-EOT
    The stream of events: an existing one, and its key if that is one of yours; or one that is made: its name (default:
    <name>-events), shards (none: on-demand) and retention, which of an existing one is what it has.
  EOT
  type = object({
    existing        = optional(object({ arn = string, kms_key_arn = optional(string) }))
    name            = optional(string)
    shards          = optional(number)
    retention_hours = optional(number, 24)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.input_stream.existing == null || can(regex("^arn:[a-z-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]+$", var.input_stream.existing.arn))
    error_message = "input_stream.existing.arn: arn:aws:kinesis:<region>:<account>:stream/<name>."
  }
  validation {
    condition     = var.input_stream.existing == null || var.input_stream.name == null
    error_message = "input_stream: either a stream that exists, or the name of one to make."
  }
  validation {
    condition     = var.input_stream.retention_hours >= 24 && var.input_stream.retention_hours <= 8760
    error_message = "input_stream.retention_hours: 24 to 8760."
  }
}

variable "output_stream" {
  description = "The stream of predictions, told as the input stream is (default name: <name>-predictions). If it exists, it is in this account and region."
  type = object({
    existing        = optional(object({ arn = string, kms_key_arn = optional(string) }))
    name            = optional(string)
    shards          = optional(number)
    retention_hours = optional(number, 24)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.output_stream.existing == null || can(regex("^arn:[a-z-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]+$", var.output_stream.existing.arn))
    error_message = "output_stream.existing.arn: arn:aws:kinesis:<region>:<account>:stream/<name>."
  }
  validation {
    condition     = var.output_stream.existing == null || var.output_stream.name == null
    error_message = "output_stream: either a stream that exists, or the name of one to make."
  }
  validation {
    condition     = var.output_stream.existing == null || try(var.output_stream.existing.arn != var.input_stream.existing.arn, true)
    error_message = "output_stream: another stream than the input, or the function would predict its own predictions."
  }
  validation {
    condition     = var.output_stream.retention_hours >= 24 && var.output_stream.retention_hours <= 8760
    error_message = "output_stream.retention_hours: 24 to 8760."
  }
}

variable "code" {
  description = <<-EOT
    The function's code: an image of the repository by its digest, or else a zip (default: what `make zip` wrote for the
    architecture, arm64 or x86_64).
  EOT
  type = object({
    architecture = optional(string, "arm64")
    zip          = optional(string)
    image_uri    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.code.architecture)
    error_message = "code.architecture = \"${var.code.architecture}\": allowed are arm64 and x86_64."
  }
  validation {
    condition     = var.code.image_uri == null || can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9.-]+/[^@:]+@sha256:[0-9a-f]{64}$", var.code.image_uri))
    error_message = "code.image_uri: <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<64 hexadecimal digits>, as `make push` prints it; a tag could come to mean another image."
  }
  validation {
    condition     = var.code.image_uri == null || var.code.zip == null
    error_message = "code: either a zip or an image."
  }
}

variable "function" {
  description = <<-EOT
    memory_mb (128 to 10240), and with it the share of a CPU; storage_mb (512 to 10240), which the model is downloaded to;
    timeout_seconds of an invocation (10 to 900);
    reserved_concurrency, a limit of its own (-1: none); log_retention_days.
  EOT
  type = object({
    memory_mb            = optional(number, 512)
    storage_mb           = optional(number, 512)
    timeout_seconds      = optional(number, 60)
    reserved_concurrency = optional(number, -1)
    log_retention_days   = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.function.memory_mb >= 128 && var.function.memory_mb <= 10240
    error_message = "function.memory_mb: 128 to 10240."
  }
  validation {
    condition     = var.function.storage_mb >= 512 && var.function.storage_mb <= 10240
    error_message = "function.storage_mb: 512 to 10240."
  }
  validation {
    condition     = var.function.timeout_seconds >= 10 && var.function.timeout_seconds <= 900
    error_message = "function.timeout_seconds: 10 to 900; a cold start must fit in."
  }
}

variable "mapping" {
  description = <<-EOT
    How Lambda reads the input stream. batch_size (1 to 10000) records at most, gathered for batching_window_seconds (0 to
    300); parallelization_factor (1 to 10) batches of a shard at once, in order per key of its records (not of the user records
    in aggregates of the Kinesis Producer Library: leave it at 1 for those); starting_position TRIM_HORIZON or
    LATEST. A batch that fails is tried again maximum_retry_attempts times until a record is maximum_record_age_seconds old,
    then goes to the failures bucket: both finite, or one outage's records block a shard until they expire.
  EOT
  type = object({
    batch_size                 = optional(number, 1000)
    batching_window_seconds    = optional(number, 1)
    parallelization_factor     = optional(number, 1)
    starting_position          = optional(string, "TRIM_HORIZON")
    maximum_retry_attempts     = optional(number, 1000)
    maximum_record_age_seconds = optional(number, 43200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.mapping.batch_size >= 1 && var.mapping.batch_size <= 10000
    error_message = "mapping.batch_size: 1 to 10000."
  }
  validation {
    condition     = var.mapping.batching_window_seconds >= 0 && var.mapping.batching_window_seconds <= 300
    error_message = "mapping.batching_window_seconds: 0 to 300."
  }
  validation {
    condition     = var.mapping.batch_size <= 10 || var.mapping.batching_window_seconds >= 1
    error_message = "mapping: Lambda asks for a batching_window_seconds of at least 1 with a batch_size of more than 10."
  }
  validation {
    condition     = var.mapping.parallelization_factor >= 1 && var.mapping.parallelization_factor <= 10
    error_message = "mapping.parallelization_factor: 1 to 10."
  }
  validation {
    condition     = contains(["TRIM_HORIZON", "LATEST"], var.mapping.starting_position)
    error_message = "mapping.starting_position: TRIM_HORIZON or LATEST."
  }
  validation {
    condition     = var.mapping.maximum_retry_attempts >= 0 && var.mapping.maximum_retry_attempts <= 10000
    error_message = "mapping.maximum_retry_attempts: 0 to 10000; -1, for ever, would let one batch block its shard."
  }
  validation {
    condition     = var.mapping.maximum_record_age_seconds >= 60 && var.mapping.maximum_record_age_seconds <= 604800
    error_message = "mapping.maximum_record_age_seconds: 60 to 604800; -1, for ever, would let one batch block its shard."
  }
  validation {
    condition     = var.mapping.maximum_record_age_seconds < var.input_stream.retention_hours * 3600
    error_message = "mapping.maximum_record_age_seconds: less than the stream's retention, or records expire before they are kept in the failures bucket."
  }
}

variable "alarms" {
  description = "Addresses that the alarms' topic sends e-mail to (each must confirm), and how old the oldest unread event may be."
  type = object({
    emails               = optional(list(string), [])
    iterator_age_minutes = optional(number, 10)
  })
  default  = {}
  nullable = false
}

variable "failures_retention_days" {
  description = "How long quarantined records, and batches that Lambda gave up, are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.failures_retention_days >= 1
    error_message = "failures_retention_days: at least 1."
  }
}

variable "kms_key_arn" {
  description = "Key for all that is made here: streams, buckets, log group, repository, topic, environment. Its policy must allow the services; without it AWS's own keys are used."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn: arn:aws:kms:<region>:<account>:key/<id>."
  }
}
