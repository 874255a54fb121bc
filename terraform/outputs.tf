# In the order in which they are of use: each is the next command, or an address that it needs.

output "build" {
  description = "Builds and deploys everything; to be typed in the project's root."
  value = join(" ", concat([
    "gcloud builds submit --project=${var.project} --region=${var.region}",
    "--gcs-source-staging-dir=gs://${google_storage_bucket.source.name}/source",
    "--substitutions=\"${join(",", concat(
      ["_VERSION=$(git describe --tags --always --dirty || echo unknown)"],
      var.region == "us-central1" ? [] : ["_REGION=${var.region}"],
      var.sql_instance == "pulso" ? [] : ["_SQL_INSTANCE=${google_sql_database_instance.pulso.name}"],
      length(local.gke_components) == 0 ? [] : ["_GKE_COMPONENTS=${join(" ", local.gke_components)}"],
      local.on_cloud_run ? ["_RUN_SERVICES=${join(" ", local.run_services)}"] : [],
    ))}\"",
  ]))
}

output "kubectl" {
  description = "Lets kubectl reach the cluster."
  value       = "gcloud container clusters get-credentials ${google_container_cluster.pulso.name} --project=${var.project} --location=${google_container_cluster.pulso.location} --dns-endpoint"
}

output "vm" {
  description = "Where the agent (8080) and the workload (8082) are."
  value       = google_compute_address.vm.address
}

output "phase_1" {
  description = "Loads the VM and records it, from a machine in load_generator_cidrs."
  value       = "bin/locust -f locust/trafico_entrada.py --host http://${google_compute_address.vm.address}:8080 -u 300 -r 1 -t 3m --headless"
}

output "phase_2" {
  description = "Replays the recording into the entry point; of two, the one in the cluster."
  value       = "PULSO_INGEST_TOKEN=$(gcloud secrets versions access latest --project=${var.project} --secret=${google_secret_manager_secret.token["ingest"].secret_id}) bin/locust -f locust/trafico_salida.py --host https://${local.entries[local.in_gke ? "gateway" : "run"].host} -u 150 -r 10 --headless"
}

output "entries" {
  description = "The entry points, and the addresses that their names must lead to."
  value       = { for entry, names in local.entries : names.host => google_compute_global_address.entry[entry].address }
}

output "dashboard" {
  description = "The page."
  value       = google_cloud_run_v2_service.frontend.uri
}

output "dashboard_token" {
  description = "Shows the token that the page asks for."
  value       = "gcloud secrets versions access latest --project=${var.project} --secret=${google_secret_manager_secret.token["socket"].secret_id}; echo"
}
