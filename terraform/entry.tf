# What the entry points need from outside the cluster: an address, a name that leads to it, and a certificate for the
# name. A project without a domain of its own has names under endpoints.PROJECT.cloud.goog, by Cloud Endpoints' DNS; nothing
# else of Cloud Endpoints is used.
#
# `gateway` is the Gateway in the cluster (gke/base/entry.yaml), `run` the load balancer before Cloud Run (functions.tf).
locals {
  entries = {
    for entry, name in { gateway = "pulso", run = "pulso-run" } : entry => {
      certificate                = name
      address                    = "pulso-${entry}"
      host                       = "${name}.endpoints.${var.project}.cloud.goog"
    } if entry == "gateway" ? local.in_gke : local.on_cloud_run
  }
}

resource "google_compute_global_address" "entry" {
  for_each = local.entries

  name = each.value.address

  depends_on = [google_project_service.api]
}

resource "google_endpoints_service" "entry" {
  for_each = local.entries

  service_name = each.value.host
  openapi_config = yamlencode({
    swagger            = "2.0"
    info               = { title = "Pulso", version = "1" }
    host               = each.value.host
    paths              = {}
    x-google-endpoints = [{ name = each.value.host, target = google_compute_global_address.entry[each.key].address }]
  })
}

# It becomes active once the name leads to a load balancer that holds it.
resource "google_compute_managed_ssl_certificate" "entry" {
  for_each = local.entries

  name = each.value.certificate

  managed {
    domains = [google_endpoints_service.entry[each.key].service_name]
  }
}
