# What the two presets differ in, and names that several files use.
locals {
  presets = {
    standard = {
      machine_type        = "e2-standard-2"
      sql_tier            = "db-custom-1-3840"
      sql_connections     = 500
      warm_dashboards     = 1
      dashboards          = 4
      deletion_protection = true
      components          = []
    }
    # Two pods of each service, whatever the load: a database this small has connections for no more.
    small = {
      machine_type        = "e2-small"
      sql_tier            = "db-f1-micro"
      sql_connections     = 250
      warm_dashboards     = 0
      dashboards          = 1
      deletion_protection = false
      components          = ["without-autoscaling"]
    }
  }
  # A wrong name is refused by the variable's validation, which cannot speak before this has a value.
  preset              = try(local.presets[var.preset], local.presets.standard)
  deletion_protection = coalesce(var.deletion_protection, local.preset.deletion_protection)

  zone     = coalesce(var.zone, "${var.region}-b")
  registry = "${google_artifact_registry_repository.pulso.location}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.pulso.repository_id}"

  # Which parts of the cluster Cloud Build takes away, and what it deploys to Cloud Run.
  in_gke         = var.ingest != "cloud_run"
  on_cloud_run   = var.ingest != "gke"
  gke_components = concat(local.preset.components, local.in_gke ? [] : ["without-ingest"])
  run_services   = concat(["pulso-frontend"], [for name in keys(local.routes) : "pulso-${name}"])
}
