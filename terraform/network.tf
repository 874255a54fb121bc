# The network. Its ranges are those of gke/project.env, whose NetworkPolicies name them.

resource "google_compute_network" "pulso" {
  name                    = "pulso"
  auto_create_subnetworks = false

  depends_on = [google_project_service.api]
}

resource "google_compute_subnetwork" "vm" {
  name          = "pulso-vm"
  network       = google_compute_network.pulso.id
  region        = var.region
  ip_cidr_range = "10.10.0.0/24"
}

resource "google_compute_subnetwork" "gke" {
  name          = "pulso-gke"
  network       = google_compute_network.pulso.id
  region        = var.region
  ip_cidr_range = "10.10.4.0/22"
  # The nodes have no public address: this is their way to the registry and to the SQL Admin API.
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.12.0.0/16"
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.13.0.0/20"
  }
}

# Cloud Run takes addresses of it by blocks of 16, and keeps those of old instances for an hour or two.
resource "google_compute_subnetwork" "run" {
  name                     = "pulso-run"
  network                  = google_compute_network.pulso.id
  region                   = var.region
  ip_cidr_range            = "10.10.8.0/26"
  private_ip_google_access = true
}

# Private service access: Cloud SQL is in a network of Google's own, which is peered with this one.
resource "google_compute_global_address" "sql" {
  name          = "pulso-sql"
  network       = google_compute_network.pulso.id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = "10.20.0.0"
  prefix_length = 20
}

resource "google_service_networking_connection" "sql" {
  network                 = google_compute_network.pulso.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.sql.name]
}

# The socket service's address within the network: its Service in the cluster takes it by this name, and the dashboard
# knows it before the cluster has anything.
resource "google_compute_address" "socket" {
  name         = "pulso-socket"
  region       = var.region
  address_type = "INTERNAL"
  subnetwork   = google_compute_subnetwork.gke.id
}

# Nothing comes into this network but by a rule: these, and those that GKE writes for its load balancers.
resource "google_compute_firewall" "load" {
  name                    = "pulso-vm-load"
  description             = "Locust to the agent (8080) and the workload (8082)"
  network                 = google_compute_network.pulso.id
  source_ranges           = var.load_generator_cidrs
  target_service_accounts = [google_service_account.pulso["vm"].email]

  allow {
    protocol = "tcp"
    ports    = ["8080", "8082"]
  }
}

resource "google_compute_firewall" "ssh" {
  name                    = "pulso-vm-ssh"
  description             = "gcloud compute ssh --tunnel-through-iap: from Identity-Aware Proxy alone"
  network                 = google_compute_network.pulso.id
  source_ranges           = ["35.235.240.0/20"]
  target_service_accounts = [google_service_account.pulso["vm"].email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}
