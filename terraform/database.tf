locals {
  sql_tier = coalesce(var.sql_tier, local.preset.sql_tier)
}

resource "google_sql_database_instance" "pulso" {
  name             = var.sql_instance
  region           = var.region
  database_version = "MYSQL_8_4"

  # Two locks: Terraform's own, and the instance's, which holds for everybody.
  deletion_protection = local.deletion_protection

  settings {
    # Not to be left out: what is then taken for 8.4 refuses small machines.
    edition                     = "ENTERPRISE"
    tier                        = local.sql_tier
    availability_type           = "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = 10
    disk_autoresize             = true
    disk_autoresize_limit       = 100
    deletion_protection_enabled = local.deletion_protection

    location_preference {
      zone = local.zone
    }

    # No public address, nobody without a certificate: the connector gets one for each connection, by the caller's Google
    # account.
    ip_configuration {
      ipv4_enabled       = false
      private_network    = google_compute_network.pulso.id
      allocated_ip_range = google_compute_global_address.sql.name
      ssl_mode           = "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"
    }

    database_flags {
      name  = "cloudsql_iam_authentication"
      value = "on"
    }
    # gke/README.md says who takes how many.
    database_flags {
      name  = "max_connections"
      value = local.preset.sql_connections
    }

    backup_configuration {
      enabled    = true
      start_time = "03:00"
      # Point-in-time recovery, as MySQL has it.
      binary_log_enabled             = true
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = 7
      }
    }

    # Not on the machines that share a CPU: they have no memory to spare for it.
    insights_config {
      query_insights_enabled = !contains(["db-f1-micro", "db-g1-small"], local.sql_tier)
    }
  }

  lifecycle {
    # Google makes it larger as it fills; to make it smaller again would be to make the database anew.
    ignore_changes = [settings[0].disk_size]
  }

  # Its address is in the peered range.
  depends_on = [google_service_networking_connection.sql]
}

resource "google_sql_database" "pulso" {
  name     = "pulso"
  instance = google_sql_database_instance.pulso.name
  charset  = "utf8mb4"
  # It goes with its instance, which is protected. By itself it would go first, with every row.
  deletion_policy = "ABANDON"
}

# Known by their Google accounts; there is no password. They can do nothing until the migrator grants them what they need, and
# the migrator nothing until Cloud Build gives it the role cloudsqlsuperuser, which Terraform has no argument for.
resource "google_sql_user" "service" {
  for_each = toset(["api1", "api2", "socket", "migrator"])

  name     = google_service_account.pulso[each.key].email
  instance = google_sql_database_instance.pulso.name
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"

  deletion_policy = "ABANDON"
}
