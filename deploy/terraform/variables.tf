variable "region" {
  description = "The region in which the tracker runs. IAM is global: what it reads is the same everywhere."
  type        = string
  default     = "eu-west-1"
}

variable "name" {
  description = "The name of everything that is made here."
  type        = string
  default     = "policy-tracker"
}

variable "vpc_id" {
  description = "The VPC in which it runs."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets with a way to AWS's public endpoints (IAM has no VPC endpoint in most regions)."
  type        = list(string)
}

variable "image" {
  description = "The container image, by digest: the repository's Dockerfile, built and pushed by you."
  type        = string

  validation {
    condition     = strcontains(var.image, "@sha256:")
    error_message = "Name the image by its digest (repository@sha256:...), so that what runs is what was looked at."
  }
}

variable "sender" {
  description = "The address that mails come from; its domain or itself is made an identity of SES."
  type        = string
}

variable "operator" {
  description = "The address that hears when the tracker itself is in trouble, by a way of its own (SNS)."
  type        = string
}

variable "settings" {
  description = "Settings as variables (docs/settings.md), beside those that are set here."
  type        = map(string)
  default     = {}
}
