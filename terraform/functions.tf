# The two write routes on Cloud Run, where var.ingest asks for them, behind a load balancer that shares requests out
# 50/50, as the Gateway does in the cluster.

locals {
  # Connections to the database that an instance holds at most. With three instances each, twice while a revision replaces
  # another, and the cluster's 309, it is 393 of 500.
  routes = local.on_cloud_run ? { api1 = 10, api2 = 4 } : {}
}

resource "google_cloud_run_v2_service" "route" {
  for_each = local.routes

  name                = "pulso-${each.key}"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  deletion_protection = false # it holds nothing

  template {
    service_account                  = google_service_account.pulso[each.key].email
    timeout                          = "60s"
    max_instance_request_concurrency = 80

    scaling {
      min_instance_count = 0
      max_instance_count = 3
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = google_compute_network.pulso.id
        subnetwork = google_compute_subnetwork.run.id
      }
    }

    containers {
      image = local.placeholder

      dynamic "env" {
        for_each = {
          FUNCTION_TARGET         = each.key
          PULSO_CLOUDSQL_INSTANCE = google_sql_database_instance.pulso.connection_name
          PULSO_DB_NAME           = google_sql_database.pulso.name
          PULSO_DB_USER           = "pulso-${each.key}"
          PULSO_DB_POOL           = each.value
          PULSO_INGEST_TOKEN_FILE = "/secrets/token"
        }
        content {
          name  = env.key
          value = env.value
        }
      }
      volume_mounts {
        name       = "token"
        mount_path = "/secrets"
      }
      resources {
        limits = { cpu = "1", memory = "512Mi" }
        # What it stores of itself, second by second, it stores between requests as well.
        cpu_idle = false
      }
    }

    volumes {
      name = "token"
      secret {
        secret = google_secret_manager_secret.token["ingest"].secret_id
        items {
          version = google_secret_manager_secret_version.token["ingest"].version
          path    = "token"
        }
      }
    }
  }

  lifecycle {
    # What `gcloud run services update` leaves.
    ignore_changes = [template[0].containers[0].image, template[0].labels, client, client_version]
  }

  # Cloud Run refuses a service that may not read its secret.
  depends_on = [google_secret_manager_secret_iam_member.reader]
}

# Everybody who comes by the load balancer; the function asks for the token.
resource "google_cloud_run_v2_service_iam_member" "route" {
  for_each = google_cloud_run_v2_service.route

  location = each.value.location
  name     = each.value.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_compute_region_network_endpoint_group" "route" {
  for_each = google_cloud_run_v2_service.route

  name                  = each.value.name
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = each.value.name
  }
}

resource "google_compute_backend_service" "route" {
  for_each = google_compute_region_network_endpoint_group.route

  name                  = each.value.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  session_affinity      = "NONE"

  backend {
    group = each.value.id
  }
}

resource "google_compute_url_map" "run" {
  count = local.on_cloud_run ? 1 : 0

  name = "pulso-run"
  # For every host and every path but those below. Google wants a backend even where none is ever asked.
  default_route_action {
    weighted_backend_services {
      backend_service = google_compute_backend_service.route["api1"].id
      weight          = 100
    }
    fault_injection_policy {
      abort {
        http_status = 404
        percentage  = 100
      }
    }
  }

  host_rule {
    hosts        = [local.entries["run"].host]
    path_matcher = "ingest"
  }

  path_matcher {
    name = "ingest"
    default_route_action {
      weighted_backend_services {
        backend_service = google_compute_backend_service.route["api1"].id
        weight          = 100
      }
      fault_injection_policy {
        abort {
          http_status = 404
          percentage  = 100
        }
      }
    }

    # As gke/base/entry.yaml has them. Nothing else of a function is public: not /ready, /stats or /metrics.
    path_rule {
      paths = ["/", "/api", "/api/*"]
      route_action {
        dynamic "weighted_backend_services" {
          for_each = google_compute_backend_service.route
          content {
            backend_service = weighted_backend_services.value.id
            weight          = 50
          }
        }
      }
    }
  }
}

resource "google_compute_target_https_proxy" "run" {
  count = local.on_cloud_run ? 1 : 0

  name             = "pulso-run"
  url_map          = google_compute_url_map.run[0].id
  ssl_certificates = [google_compute_managed_ssl_certificate.entry["run"].id]
}

resource "google_compute_global_forwarding_rule" "run" {
  count = local.on_cloud_run ? 1 : 0

  name                  = "pulso-run"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.entry["run"].id
  target                = google_compute_target_https_proxy.run[0].id
  port_range            = "443"
}
