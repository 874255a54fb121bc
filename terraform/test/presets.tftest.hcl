# What the presets and the choice of the write routes make. Needs nothing but Terraform: `terraform test -test-directory=test`.

mock_provider "google" {}

variables {
  project              = "my-project-123456"
  load_generator_cidrs = ["203.0.113.7/32"]
}

run "standard" {
  assert {
    condition     = google_compute_instance.vm.machine_type == "e2-standard-2" && google_sql_database_instance.pulso.settings[0].tier == "db-custom-1-3840"
    error_message = "standard is not of its size"
  }
  assert {
    condition     = google_container_cluster.pulso.deletion_protection && google_sql_database_instance.pulso.deletion_protection
    error_message = "standard can be deleted by a slip"
  }
  assert {
    condition     = length(google_cloud_run_v2_service.route) == 0 && length(google_compute_url_map.run) == 0
    error_message = "there are functions on Cloud Run that nobody asked for"
  }
  assert {
    condition     = length(google_billing_budget.pulso) == 0 && length(google_monitoring_uptime_check_config.dashboard) == 0
    error_message = "there are options that nobody asked for"
  }
}

run "small" {
  variables {
    preset = "small"
  }
  assert {
    condition     = google_compute_instance.vm.machine_type == "e2-small" && google_sql_database_instance.pulso.settings[0].tier == "db-f1-micro"
    error_message = "small is not small"
  }
  assert {
    condition     = !google_container_cluster.pulso.deletion_protection && !google_sql_database_instance.pulso.deletion_protection
    error_message = "small has deletion protection"
  }
  assert {
    condition     = google_cloud_run_v2_service.frontend.template[0].scaling[0].min_instance_count == 0
    error_message = "the dashboard does not scale to zero"
  }
  assert {
    condition     = strcontains(output.build, "_GKE_COMPONENTS=without-autoscaling")
    error_message = "the build would deploy more pods than the small database has connections for"
  }
}

run "sizes_of_ones_own" {
  variables {
    preset              = "small"
    machine_type        = "n2-standard-8"
    sql_tier            = "db-g1-small"
    zone                = "us-central1-f"
    deletion_protection = true
    vm_settings         = { PULSO_INTERVAL = "500ms", PULSO_WORK_CPU = "10ms" }
  }
  assert {
    condition     = google_compute_instance.vm.machine_type == "n2-standard-8" && google_compute_instance.vm.zone == "us-central1-f"
    error_message = "machine_type or zone is not taken"
  }
  assert {
    condition     = google_compute_instance.vm.metadata["pulso-env"] == "PULSO_INTERVAL=500ms\nPULSO_WORK_CPU=10ms"
    error_message = "vm_settings do not reach the VM"
  }
  assert {
    condition     = google_sql_database_instance.pulso.settings[0].tier == "db-g1-small" && google_sql_database_instance.pulso.deletion_protection
    error_message = "sql_tier or deletion_protection is not taken"
  }
}

run "only_on_cloud_run" {
  variables {
    ingest = "cloud_run"
  }
  assert {
    condition     = length(google_cloud_run_v2_service.route) == 2 && join(" ", keys(google_compute_global_address.entry)) == "run"
    error_message = "the functions or their entry point are missing, or there is one too many"
  }
  assert {
    condition     = strcontains(output.build, "_GKE_COMPONENTS=without-ingest") && strcontains(output.build, "_RUN_SERVICES=pulso-frontend pulso-api1 pulso-api2")
    error_message = "the build does not know what to deploy where"
  }
}

run "both" {
  variables {
    ingest = "both"
  }
  assert {
    condition     = length(google_cloud_run_v2_service.route) == 2 && length(google_compute_global_address.entry) == 2
    error_message = "both entry points are not there"
  }
  assert {
    condition     = !strcontains(output.build, "_GKE_COMPONENTS")
    error_message = "the build takes something away"
  }
}

run "elsewhere" {
  variables {
    region       = "europe-west1"
    sql_instance = "pulso-2"
  }
  assert {
    condition     = google_compute_instance.vm.zone == "europe-west1-b" && google_compute_subnetwork.gke.region == "europe-west1" && google_storage_bucket.source.location == "europe-west1"
    error_message = "something stays in us-central1"
  }
  assert {
    condition     = strcontains(output.build, "--region=europe-west1") && strcontains(output.build, "_REGION=europe-west1") && strcontains(output.build, "_SQL_INSTANCE=pulso-2")
    error_message = "the build does not know where"
  }
}

run "standard_nodes" {
  variables {
    autopilot = false
  }
  assert {
    condition     = length(google_container_node_pool.pulso) == 1 && google_container_cluster.pulso.enable_autopilot == null
    error_message = "there is no pool of nodes"
  }
}

run "options" {
  variables {
    budget      = { billing_account = "012345-6789AB-CDEF01", amount = 300 }
    alert_email = "me@example.com"
  }
  assert {
    condition     = google_billing_budget.pulso[0].amount[0].specified_amount[0].units == "300" && contains(keys(google_project_service.api), "billingbudgets.googleapis.com")
    error_message = "the budget is not there, or not its API"
  }
  assert {
    condition     = length(google_billing_budget.pulso[0].budget_filter[0].projects) == 1
    error_message = "the budget is of every project"
  }
  assert {
    condition     = google_monitoring_notification_channel.email[0].labels.email_address == "me@example.com"
    error_message = "nobody is mailed"
  }
  assert {
    condition     = google_monitoring_uptime_check_config.dashboard[0].http_check[0].path == "/ready" && google_monitoring_uptime_check_config.dashboard[0].http_check[0].validate_ssl
    error_message = "it does not look whether the dashboard is ready"
  }
  assert {
    condition     = google_monitoring_alert_policy.dashboard[0].conditions[0].condition_threshold[0].comparison == "COMPARISON_GT"
    error_message = "it mails while all is well"
  }
}
