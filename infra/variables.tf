variable "name" {
  description = "Name of the function. The names of all other resources begin with it."
  type        = string
  default     = "stream-predictor"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}[a-z0-9]$", var.name))
    error_message = "name = \"${var.name}\": expected 3 to 26 lower-case letters, digits and hyphens, because buckets are named for it."
  }
}

variable "run_id" {
  description = "MLflow run id of the model. Without it only streams, buckets and the repository are created, and no function."
  type        = string
  default     = null

  validation {
    condition     = var.run_id == null || can(regex("^[0-9a-f]{32}$", var.run_id))
    error_message = "run_id = \"${coalesce(var.run_id, "-")}\": expected the 32 hexadecimal digits of an MLflow run id."
  }
}

variable "canary" {
  description = "Gives the version of run_id a share of the invocations (0.01 to 0.99), and the rest to stable_version, a published version of the function."
  type = object({
    stable_version = string
    share          = number
  })
  default = null

  validation {
    condition     = var.canary == null || can(regex("^[1-9][0-9]*$", var.canary.stable_version))
    error_message = "canary.stable_version: expected the number of a published version, such as \"7\"."
  }
  validation {
    condition     = var.canary == null || try(var.canary.share >= 0.01 && var.canary.share <= 0.99, false)
    error_message = "canary.share: expected 0.01 to 0.99. For all invocations, leave canary out."
  }
}

variable "model" {
  description = <<-EOT
    Where MLflow logs models. existing is a bucket, and its key if you chose one; without it a bucket is created. prefix is the
    artifact root in the bucket. location is an s3:// address in the bucket, for a run that has several models.
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
    error_message = "model.prefix = \"${var.model.prefix}\": expected no slash at either end, and no * or ?."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-][A-Za-z0-9_.-]*$", var.model.experiment_id))
    error_message = "model.experiment_id = \"${var.model.experiment_id}\": expected letters, digits, - , _ and ., usually a number."
  }
  validation {
    condition     = var.model.location == null || can(regex("^s3://[^/*?]+/[^*?]+$", var.model.location))
    error_message = "model.location: expected s3://bucket/prefix without * and ?."
  }
  validation {
    condition     = var.model.location == null || var.model.existing == null || try(startswith(var.model.location, "s3://${var.model.existing.bucket}/"), false)
    error_message = "model.location: expected an address in the bucket model.existing.bucket."
  }
}

variable "input_stream" {
  description = <<-EOT
    The stream of events. existing is a stream, and its key if you chose one; retention_hours must be its retention. Without
    it a stream is created, with a name (default: <name>-events), shards (none: on-demand) and retention.
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
    error_message = "input_stream.existing.arn: expected arn:aws:kinesis:<region>:<account>:stream/<name>."
  }
  validation {
    condition     = var.input_stream.existing == null || var.input_stream.name == null
    error_message = "input_stream: expected either existing or name."
  }
  validation {
    condition     = var.input_stream.retention_hours >= 24 && var.input_stream.retention_hours <= 8760
    error_message = "input_stream.retention_hours: expected 24 to 8760."
  }
}

variable "output_stream" {
  description = "The stream of predictions, with the settings of input_stream (default name: <name>-predictions). An existing one must be in this account and region."
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
    error_message = "output_stream.existing.arn: expected arn:aws:kinesis:<region>:<account>:stream/<name>."
  }
  validation {
    condition     = var.output_stream.existing == null || var.output_stream.name == null
    error_message = "output_stream: expected either existing or name."
  }
  validation {
    condition     = var.output_stream.existing == null || try(var.output_stream.existing.arn != var.input_stream.existing.arn, true)
    error_message = "output_stream: expected another stream than the input. Otherwise the function would predict its own predictions."
  }
  validation {
    condition     = var.output_stream.retention_hours >= 24 && var.output_stream.retention_hours <= 8760
    error_message = "output_stream.retention_hours: expected 24 to 8760."
  }
}

variable "code" {
  description = <<-EOT
    The function's code: an image of the repository by its digest, or a zip. The default is the zip that `make zip` wrote for
    the architecture, arm64 or x86_64.
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
    error_message = "code.architecture = \"${var.code.architecture}\": expected arm64 or x86_64."
  }
  validation {
    condition     = var.code.image_uri == null || can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9.-]+/[^@:]+@sha256:[0-9a-f]{64}$", var.code.image_uri))
    error_message = "code.image_uri: expected <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<64 hexadecimal digits>, as `make push` prints it. A tag could later name another image."
  }
  validation {
    condition     = var.code.image_uri == null || var.code.zip == null
    error_message = "code: expected either zip or image_uri."
  }
}

variable "function" {
  description = <<-EOT
    memory_mb (128 to 10240) also sets the share of a CPU. storage_mb (512 to 10240) must hold the model. timeout_seconds (10 to
    900) is the time limit of an invocation. reserved_concurrency limits the concurrency (-1: no limit). log_retention_days is
    how long the log is kept.
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
    error_message = "function.memory_mb: expected 128 to 10240."
  }
  validation {
    condition     = var.function.storage_mb >= 512 && var.function.storage_mb <= 10240
    error_message = "function.storage_mb: expected 512 to 10240."
  }
  validation {
    condition     = var.function.timeout_seconds >= 10 && var.function.timeout_seconds <= 900
    error_message = "function.timeout_seconds: expected 10 to 900. A cold start must fit in."
  }
}

variable "mapping" {
  description = <<-EOT
    How Lambda reads the input stream. An invocation gets at most batch_size records (1 to 10000), gathered for
    batching_window_seconds (0 to 300). parallelization_factor (1 to 10) batches of a shard run at once. They keep the order per
    key of the records, but not per key inside aggregates of the Kinesis Producer Library: leave it at 1 for those.
    starting_position is TRIM_HORIZON or LATEST. A batch that fails is retried maximum_retry_attempts times, or until a record is
    maximum_record_age_seconds old. Then it goes to the failures bucket. Both are finite, or the records of an outage would block
    a shard until they expire.
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
    error_message = "mapping.batch_size: expected 1 to 10000."
  }
  validation {
    condition     = var.mapping.batching_window_seconds >= 0 && var.mapping.batching_window_seconds <= 300
    error_message = "mapping.batching_window_seconds: expected 0 to 300."
  }
  validation {
    condition     = var.mapping.batch_size <= 10 || var.mapping.batching_window_seconds >= 1
    error_message = "mapping.batching_window_seconds: expected at least 1, because batch_size is more than 10."
  }
  validation {
    condition     = var.mapping.parallelization_factor >= 1 && var.mapping.parallelization_factor <= 10
    error_message = "mapping.parallelization_factor: expected 1 to 10."
  }
  validation {
    condition     = contains(["TRIM_HORIZON", "LATEST"], var.mapping.starting_position)
    error_message = "mapping.starting_position: expected TRIM_HORIZON or LATEST."
  }
  validation {
    condition     = var.mapping.maximum_retry_attempts >= 0 && var.mapping.maximum_retry_attempts <= 10000
    error_message = "mapping.maximum_retry_attempts: expected 0 to 10000. With -1, for ever, one batch could block its shard."
  }
  validation {
    condition     = var.mapping.maximum_record_age_seconds >= 60 && var.mapping.maximum_record_age_seconds <= 604800
    error_message = "mapping.maximum_record_age_seconds: expected 60 to 604800. With -1, for ever, one batch could block its shard."
  }
  validation {
    condition     = var.mapping.maximum_record_age_seconds < var.input_stream.retention_hours * 3600
    error_message = "mapping.maximum_record_age_seconds: expected less than the stream's retention. Otherwise records expire before Lambda gives them up."
  }
}

variable "alarms" {
  description = "E-mail addresses that get the alarms (each must confirm), and the age of the oldest unread event that raises one."
  type = object({
    emails               = optional(list(string), [])
    iterator_age_minutes = optional(number, 10)
  })
  default  = {}
  nullable = false
}

variable "failures_retention_days" {
  description = "Days for which quarantined records, and batches that Lambda gave up, are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.failures_retention_days >= 1
    error_message = "failures_retention_days: expected at least 1."
  }
}

variable "kms_key_arn" {
  description = "Key for everything that is created: streams, buckets, log group, repository, topic, environment. Its policy must allow the services. Without it AWS's own keys are used."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn: expected arn:aws:kms:<region>:<account>:key/<id>."
  }
}
