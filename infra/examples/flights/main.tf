# Flight delays: on-demand streams, a bucket that MLflow logs to already, larger batches, and alarms by
# e-mail.

variable "run_id" {
  description = "MLflow run id of the model."
  type        = string
  default     = null
}

variable "canary" {
  description = "Gives the version of run_id a share of the invocations, and the rest to stable_version."
  type        = object({ stable_version = string, share = number })
  default     = null
}

variable "model_bucket" {
  description = "Bucket that MLflow logs to."
  type        = string
}

variable "email" {
  description = "E-mail address that gets the alarms."
  type        = string
}

module "flights" {
  source = "../.."

  name   = "flight-delays"
  run_id = var.run_id
  canary = var.canary

  model         = { existing = { bucket = var.model_bucket }, prefix = "mlflow", experiment_id = "7" }
  input_stream  = { name = "flights", retention_hours = 72 }
  output_stream = { name = "flight_delays" }
  # The forest has some megabytes, and larger batches are worth the wait.
  function = { memory_mb = 1024 }
  mapping  = { batch_size = 5000, batching_window_seconds = 5, maximum_record_age_seconds = 172800 }
  alarms   = { emails = [var.email] }
}

output "flights" {
  description = "All outputs of the module; `make promote` reads them."
  value       = module.flights
}
