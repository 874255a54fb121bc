# The VM that is measured. What runs on it is agent/deploy's.

resource "google_compute_address" "vm" {
  name   = "pulso-vm"
  region = var.region

  depends_on = [google_project_service.api]
}

resource "google_compute_instance" "vm" {
  name         = "pulso-vm"
  description  = "Can this VM carry this load?"
  zone         = local.zone
  machine_type = coalesce(var.machine_type, local.preset.machine_type)
  # To compare types is what it is for: it is stopped, and started as another.
  allow_stopping_for_update = true

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
      size  = 20
      type  = "pd-balanced"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.vm.id

    access_config {
      nat_ip = google_compute_address.vm.address
    }
  }

  shielded_instance_config {
    # Secure Boot would refuse the modules, which are not signed: agent/deploy/README.md says what can be done.
    enable_secure_boot          = false
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  service_account {
    email = google_service_account.pulso["vm"].email
    # What it may do is said by its roles.
    scopes = ["cloud-platform"]
  }

  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    startup-script         = file("${path.module}/../agent/deploy/startup.sh")
    pulso-agent-image      = "${local.registry}/agent:latest"
    pulso-workload-image   = "${local.registry}/workload:latest"
    pulso-env              = join("\n", [for name, value in var.vm_settings : "${name}=${value}"])
  }

  # It asks for its images as soon as it is up.
  depends_on = [google_artifact_registry_repository_iam_member.reader, google_project_iam_member.pulso]
}
