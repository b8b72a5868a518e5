# The two streams. They are created here, or looked up, so that a stream that does not exist fails in the
# plan.

locals {
  streams = {
    input  = merge(var.input_stream, { name = coalesce(var.input_stream.name, "${var.name}-events") })
    output = merge(var.output_stream, { name = coalesce(var.output_stream.name, "${var.name}-predictions") })
  }
  existing_streams = { for role, stream in local.streams : role => stream.existing if stream.existing != null }

  stream_arns  = { for role in keys(local.streams) : role => try(aws_kinesis_stream.made[role].arn, data.aws_kinesis_stream.existing[role].arn) }
  stream_names = { for role in keys(local.streams) : role => try(aws_kinesis_stream.made[role].name, data.aws_kinesis_stream.existing[role].name) }
  stream_keys  = { for role, stream in local.streams : role => stream.existing == null ? var.kms_key_arn : stream.existing.kms_key_arn }
}

resource "aws_kinesis_stream" "made" {
  for_each = { for role, stream in local.streams : role => stream if stream.existing == null }

  name             = each.value.name
  shard_count      = each.value.shards
  retention_period = each.value.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = coalesce(var.kms_key_arn, "alias/aws/kinesis")

  stream_mode_details {
    stream_mode = each.value.shards == null ? "ON_DEMAND" : "PROVISIONED"
  }
}

data "aws_kinesis_stream" "existing" {
  for_each = local.existing_streams

  name = split("/", each.value.arn)[1]

  lifecycle {
    precondition {
      condition     = split(":", each.value.arn)[3] == local.region
      error_message = "${each.key}_stream is in ${split(":", each.value.arn)[3]}, and the provider in ${local.region}. The function must be in the region of its streams."
    }
    postcondition {
      condition     = self.arn == each.value.arn
      error_message = "${each.key}_stream: expected ${each.value.arn}, found ${self.arn}."
    }
  }
}
