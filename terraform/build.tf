# What Cloud Build works with: its account's rights, and where the sources are uploaded to.

# Only a warning: old projects may build elsewhere.
check "region" {
  assert {
    condition     = contains(["us-central1", "us-west2", "europe-west1", "asia-east1", "australia-southeast1", "southamerica-east1"], var.region)
    error_message = "A new project may not build in ${var.region}. Ask Google for build quota there before you apply, or take us-central1, us-west2, europe-west1, asia-east1, australia-southeast1 or southamerica-east1."
  }
}

# gcloud would make a bucket by itself, but only at the first submission, too late for the account to be let in.
resource "google_storage_bucket" "source" {
  name                        = "${var.project}-pulso-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Every submission can be made again.
  force_destroy = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 30
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.pulso["build"].member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  repository = google_artifact_registry_repository.pulso.id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.pulso["build"].member
}

# It gives the migrator its role in the database, and looks whether the entry point's certificate is active.
resource "google_project_iam_custom_role" "build" {
  role_id     = "pulsoBuild"
  title       = "Pulso's build"
  description = "What Pulso's build needs beside Google's own roles"
  permissions = [
    "cloudsql.instances.get",
    "cloudsql.users.update",
    "compute.sslCertificates.get",
  ]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "build" {
  project = var.project
  role    = google_project_iam_custom_role.build.id
  member  = google_service_account.pulso["build"].member
}

# It replaces the images of these services, and no others', which run as accounts that it may give them.
resource "google_cloud_run_v2_service_iam_member" "build" {
  for_each = merge({ frontend = google_cloud_run_v2_service.frontend }, google_cloud_run_v2_service.route)

  location = each.value.location
  name     = each.value.name
  role     = "roles/run.developer"
  member   = google_service_account.pulso["build"].member
}

resource "google_service_account_iam_member" "build" {
  for_each = toset(concat(["frontend"], keys(local.routes)))

  service_account_id = google_service_account.pulso[each.key].id
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.pulso["build"].member
}
