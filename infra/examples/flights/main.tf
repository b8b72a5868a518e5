# Flight delays: on-demand streams, a bucket that MLflow logs to already, larger batches, and someone who is told.

variable "run_id" {
  description = "MLflow run id of the model."
  type        = string
  default     = null
}

variable "canary" {
  description = "A share for the version of run_id, the rest for stable_version."
  type        = object({ stable_version = string, share = number })
  default     = null
}

variable "model_bucket" {
  description = "Bucket that MLflow logs to."
  type        = string
}

variable "email" {
  description = "Who is told of alarms."
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
  # A forest of some megabytes, and batches that are worth waiting for.
  function = { memory_mb = 1024 }
  mapping  = { batch_size = 5000, batching_window_seconds = 5, maximum_record_age_seconds = 172800 }
  alarms   = { emails = [var.email] }
}

output "flights" {
  description = "All outputs of the module; `make promote` reads them."
  value       = module.flights
}
