# The cluster. What runs in it is gke/'s.

resource "google_container_cluster" "pulso" {
  name       = "pulso"
  location   = var.region
  network    = google_compute_network.pulso.id
  subnetwork = google_compute_subnetwork.gke.id

  deletion_protection = local.deletion_protection

  release_channel {
    channel = "REGULAR"
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes = true
  }

  # The API server is reached by its name alone, which asks everybody, from wherever they come, for a Google identity: so
  # Cloud Build needs no pool of its own in the network.
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = false
    }
  }

  # What gke/ asks for.
  gateway_api_config {
    channel = "CHANNEL_STANDARD"
  }
  secret_manager_config {
    enabled = true
  }
  enable_l4_ilb_subsetting = true

  # With Autopilot: what it has by itself (Workload Identity, Dataplane V2, shielded nodes) may not be said again.
  enable_autopilot = var.autopilot ? true : null

  dynamic "cluster_autoscaling" {
    for_each = var.autopilot ? [true] : []
    content {
      auto_provisioning_defaults {
        service_account = google_service_account.pulso["nodes"].email
        oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
      }
    }
  }

  # Without it.
  datapath_provider        = var.autopilot ? null : "ADVANCED_DATAPATH"
  enable_shielded_nodes    = var.autopilot ? null : true
  node_locations           = var.autopilot ? null : [local.zone]
  remove_default_node_pool = var.autopilot ? null : true
  initial_node_count       = var.autopilot ? null : 1

  dynamic "workload_identity_config" {
    for_each = var.autopilot ? [] : [true]
    content {
      workload_pool = "${var.project}.svc.id.goog"
    }
  }
  # Of the pool that is made with the cluster and taken away at once.
  dynamic "node_config" {
    for_each = var.autopilot ? [] : [true]
    content {
      service_account = google_service_account.pulso["nodes"].email
    }
  }

  lifecycle {
    # The second is Google's answer to the endpoint that is off.
    ignore_changes = [node_config, private_cluster_config[0].enable_private_endpoint]
  }

  # Its nodes pull images and log as soon as they are up.
  depends_on = [google_artifact_registry_repository_iam_member.reader, google_project_iam_member.pulso]
}

resource "google_container_node_pool" "pulso" {
  count = var.autopilot ? 0 : 1

  name     = "pulso"
  cluster  = google_container_cluster.pulso.id
  location = var.region

  initial_node_count = 1 # unsaid it is none, and the autoscaler starts from there

  autoscaling {
    total_min_node_count = 1
    total_max_node_count = 4
  }

  node_config {
    machine_type    = "e2-standard-2"
    disk_size_gb    = 30
    disk_type       = "pd-balanced"
    service_account = google_service_account.pulso["nodes"].email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }
}
