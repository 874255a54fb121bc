# One of each thing that the stub has to do right. The types that stand here are in its schema, whatever else is.
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project = "demo-project"
  region  = "us-central1"
}

data "google_project" "this" {}

resource "google_service_account" "vm" {
  account_id = "vm-account"
}

resource "google_project_iam_member" "vm" {
  project = "demo-project"
  role    = "roles/logging.logWriter"
  member  = google_service_account.vm.member
}

resource "google_compute_network" "vpc" {
  name                    = "vpc"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "vm" {
  name          = "vm"
  network       = google_compute_network.vpc.id
  ip_cidr_range = "10.10.0.0/24"
}

resource "google_compute_address" "inside" {
  name         = "inside"
  address_type = "INTERNAL"
  subnetwork   = google_compute_subnetwork.vm.id
}

resource "google_compute_address" "outside" {
  name = "outside"
}

# A value that Google computes, in a block in a block.
resource "google_container_cluster" "cluster" {
  name                = "cluster"
  location            = "us-central1"
  enable_autopilot    = true
  deletion_protection = false

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
  }
}

# A set of blocks in a list of one.
resource "google_sql_database_instance" "db" {
  name                = "db"
  database_version    = "MYSQL_8_4"
  deletion_protection = false # but for when a test takes this line away

  settings {
    tier = "db-f1-micro"

    dynamic "database_flags" {
      for_each = { max_connections = "200", cloudsql_iam_authentication = "on" }

      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }
}

resource "google_cloud_run_v2_service" "page" {
  name                = "page"
  location            = "us-central1"
  deletion_protection = false

  template {
    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"

      env {
        name  = "SOCKET"
        value = google_compute_address.inside.address
      }
    }
  }
}

# A set of blocks with arguments that Google computes when they are left out.
resource "google_compute_backend_service" "both" {
  name = "both"

  backend {
    group = "projects/demo-project/regions/us-central1/networkEndpointGroups/one"
  }

  backend {
    group    = "projects/demo-project/regions/us-central1/networkEndpointGroups/two"
    max_rate = 10
  }
}

resource "google_secret_manager_secret" "token" {
  secret_id = "token"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "token" {
  secret                 = google_secret_manager_secret.token.id
  secret_data_wo         = "hush-hush-0123"
  secret_data_wo_version = 1
}

output "values" {
  value = {
    connection  = google_sql_database_instance.db.connection_name
    endpoint    = google_container_cluster.cluster.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint
    inside      = google_compute_address.inside.address
    ip          = google_sql_database_instance.db.ip_address[0].ip_address
    network     = google_compute_network.vpc.self_link
    number      = data.google_project.this.number
    outside     = google_compute_address.outside.address
    secret      = google_secret_manager_secret_version.token.name
    subnetwork  = google_compute_subnetwork.vm.id
    uri         = google_cloud_run_v2_service.page.uri
    vm_account  = google_service_account.vm.email
    vm_identity = google_project_iam_member.vm.member
  }
}
