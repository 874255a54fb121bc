# The tokens: what senders of samples show, and what dashboards ask a person for. Nobody types them, and no file has them.
locals {
  readers = {
    ingest = ["api1", "api2"]
    socket = ["socket"]
  }
}

resource "google_secret_manager_secret" "token" {
  for_each = local.readers

  secret_id = "pulso-${each.key}-token"

  replication {
    auto {}
  }

  depends_on = [google_project_service.api]
}

# The value is made at apply, of 122 random bits, and written only: neither the plan nor the state holds it. Made here, and
# not by hand afterwards, because nothing that mounts a secret starts before it has a version.
resource "google_secret_manager_secret_version" "token" {
  for_each = local.readers

  secret                 = google_secret_manager_secret.token[each.key].id
  secret_data_wo         = uuid()
  secret_data_wo_version = var.token_version
  # What is replaced stays until the new one is there, and can be turned back to.
  deletion_policy = "DISABLE"

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = { for pair in flatten([for secret, readers in local.readers : [for reader in readers : { secret = secret, reader = reader }]]) : pair.reader => pair.secret }

  secret_id = google_secret_manager_secret.token[each.value].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.pulso[each.key].member
}
