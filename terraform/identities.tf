# Who is who: one service account for each part, with the roles that it needs and no others. None of them has a key.
locals {
  accounts = {
    vm       = "The VM: pulls its images, and logs"
    nodes    = "The cluster's nodes: pull the services' images, and log"
    api1     = "The function api1: reads its token, and writes to the database"
    api2     = "The function api2: reads its token, and writes to the database"
    socket   = "The socket service: reads its token, and the database"
    migrator = "The migrator: changes the database's tables, and grants"
    frontend = "The dashboard's server: passes on what browsers ask for"
    build    = "Cloud Build: builds and deploys"
  }

  # On the project as a whole: where Google has no smaller thing to give the role on.
  roles = {
    vm       = ["roles/logging.logWriter"]
    nodes    = ["roles/container.defaultNodeServiceAccount"]
    api1     = ["roles/cloudsql.client", "roles/cloudsql.instanceUser"]
    api2     = ["roles/cloudsql.client", "roles/cloudsql.instanceUser"]
    socket   = ["roles/cloudsql.client", "roles/cloudsql.instanceUser"]
    migrator = ["roles/cloudsql.client", "roles/cloudsql.instanceUser"]
    frontend = []
    build    = ["roles/logging.logWriter", "roles/container.developer"]
  }
}

resource "google_service_account" "pulso" {
  for_each = local.accounts

  account_id   = "pulso-${each.key}"
  display_name = split(":", each.value)[0]
  description  = each.value

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "pulso" {
  for_each = merge([for account, roles in local.roles : { for role in roles : "${account} ${role}" => { account = account, role = role } }]...)

  project = var.project
  role    = each.value.role
  member  = google_service_account.pulso[each.value.account].member
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = toset(["vm", "nodes"])

  repository = google_artifact_registry_repository.pulso.id
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.pulso[each.key].member
}

# Each service's account in the cluster is its Google account. The cluster makes the pool that these names are of.
resource "google_service_account_iam_member" "workload" {
  for_each = toset(concat(["socket", "migrator"], local.in_gke ? ["api1", "api2"] : []))

  service_account_id = google_service_account.pulso[each.key].id
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[so1-fase2/${each.key}]"

  depends_on = [google_container_cluster.pulso]
}
