# The dashboard's server on Cloud Run. It passes a page's socket on to the socket service, by the network.

locals {
  # Cloud Run needs an image before the registry has one: Google's sample, which Cloud Build replaces.
  placeholder = "us-docker.pkg.dev/cloudrun/container/hello"
}

resource "google_cloud_run_v2_service" "frontend" {
  name                = "pulso-frontend"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false # it holds nothing

  template {
    service_account = google_service_account.pulso["frontend"].email
    # How long a WebSocket lives; the page connects again.
    timeout                          = "3600s"
    max_instance_request_concurrency = 1000

    scaling {
      min_instance_count = local.preset.warm_dashboards
      max_instance_count = local.preset.dashboards
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

      env {
        name  = "PULSO_SOCKET_URL"
        value = "http://${google_compute_address.socket.address}"
      }
      resources {
        limits   = { cpu = "1", memory = "512Mi" }
        cpu_idle = true # not without a request; an open page is one
      }
    }
  }

  lifecycle {
    # What `gcloud run services update` leaves.
    ignore_changes = [template[0].containers[0].image, template[0].labels, client, client_version]
  }

  depends_on = [google_project_service.api]
}

# Everybody may ask for the page; what it shows is guarded by the socket service's token. docs/operations.md says how
# Identity-Aware Proxy comes before it.
resource "google_cloud_run_v2_service_iam_member" "everybody" {
  location = google_cloud_run_v2_service.frontend.location
  name     = google_cloud_run_v2_service.frontend.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
