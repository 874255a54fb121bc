terraform {
  # 1.11 brought write-only arguments, which keep the tokens out of the state.
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = { app = "pulso" }
  # Budgets belong to no project: the quota of this one is used for them.
  user_project_override = true
  billing_project       = var.project
}
