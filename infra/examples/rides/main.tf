# Ride durations: the streams of the Python function of mlops-zoomcamp, under their names, and a bucket for models.

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

module "rides" {
  source = "../.."

  name   = "ride-duration"
  run_id = var.run_id
  canary = var.canary

  input_stream  = { name = "ride_events", shards = 1 }
  output_stream = { name = "ride_predictions", shards = 1 }
}

output "rides" {
  description = "All outputs of the module."
  value       = module.rides
}

output "run_id" {
  description = "Run id of the model that is served, but for a canary's share."
  value       = module.rides.run_id
}

output "live_version" {
  description = "The version that is invoked, but for a canary's share."
  value       = module.rides.live_version
}

output "image" {
  description = "The image that is served, for code; none of a zip."
  value       = module.rides.image
}
