resource "google_artifact_registry_repository" "pulso" {
  repository_id = "pulso"
  location      = var.region
  description   = "The images of Pulso's services"
  format        = "DOCKER"

  # Of each image the ten newest stay, and what is younger than a month.
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "30d"
    }
  }
  cleanup_policies {
    id     = "newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  depends_on = [google_project_service.api]
}
