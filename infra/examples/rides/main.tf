# Ride durations: the streams of the Python function of mlops-zoomcamp, under the same names, and a bucket for
# models.

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

module "rides" {
  source = "../.."

  name   = "ride-duration"
  run_id = var.run_id
  canary = var.canary

  input_stream  = { name = "ride_events", shards = 1 }
  output_stream = { name = "ride_predictions", shards = 1 }
}

output "rides" {
  description = "All outputs of the module; `make promote` reads them."
  value       = module.rides
}
