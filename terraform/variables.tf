variable "project" {
  description = "The id of the Google Cloud project, which exists and has billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is the project's id, 6 to 30 lower-case letters, digits and hyphens, such as my-project-123456: not its name, and not its number. `gcloud projects list` shows the ids."
  }
}

variable "load_generator_cidrs" {
  description = "Who may load the VM: the public addresses of the machines that run Locust, as CIDRs."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.load_generator_cidrs) > 0 && alltrue([for cidr in var.load_generator_cidrs : try(cidrhost(cidr, 0) == split("/", cidr)[0] && can(regex("^[0-9.]+/(0|[1-9][0-9]?)$", cidr)), false)])
    error_message = "load_generator_cidrs is a list of at least one IPv4 range, each by its first address and its length, such as [\"203.0.113.7/32\"]. `curl -4 https://ifconfig.me` shows the address of this machine; append /32."
  }
  validation {
    condition     = var.allow_any_load_generator || sum(concat([0], [for cidr in var.load_generator_cidrs : try(pow(2, 32 - tonumber(split("/", cidr)[1])), 0)])) <= pow(2, 24)
    error_message = "load_generator_cidrs has more addresses than a /8: the whole Internet could load the VM. Name your own addresses, such as [\"203.0.113.7/32\"]; if it must be, set allow_any_load_generator = true as well."
  }
}

variable "allow_any_load_generator" {
  description = "Let load_generator_cidrs hold ranges as wide as 0.0.0.0/0. Anybody can then read the VM's figures and load it."
  type        = bool
  default     = false
  nullable    = false
}

variable "preset" {
  description = "The sizes: `standard`, or `small` for a student's credits, with the smallest tiers and without deletion protection. docs/costs.md has both on paper."
  type        = string
  default     = "standard"
  nullable    = false

  validation {
    condition     = contains(keys(local.presets), var.preset)
    error_message = "preset is \"standard\" or \"small\"."
  }
}

variable "ingest" {
  description = "Where the two write routes run: `gke`, `cloud_run`, or `both`, each with an entry point of its own."
  type        = string
  default     = "gke"
  nullable    = false

  validation {
    condition     = contains(["gke", "cloud_run", "both"], var.ingest)
    error_message = "ingest is \"gke\", \"cloud_run\" or \"both\"."
  }
  validation {
    condition     = !(var.ingest == "both" && var.preset == "small")
    error_message = "ingest = \"both\" takes more database connections than the small preset's database has. Use preset = \"standard\", or ingest = \"gke\" or \"cloud_run\"."
  }
}

variable "region" {
  description = "The region of everything. Not to be changed on a project that is there: take it down first, and take another sql_instance."
  type        = string
  default     = "us-central1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is the name of a region, such as us-central1: not a zone (us-central1-a). `gcloud compute regions list` shows them."
  }
}

variable "zone" {
  description = "The zone of the VM, of the database, and of the nodes where autopilot is off; the region's zone b if not set. Another one makes the VM anew."
  type        = string
  default     = null

  validation {
    condition     = var.zone == null || can(regex("^${var.region}-[a-z]$", var.zone))
    error_message = "zone is a zone of the region ${var.region}, such as ${var.region}-b. `gcloud compute zones list --filter=region:${var.region}` shows them."
  }
}

variable "machine_type" {
  description = "The type of the VM that is measured, for x86-64; the preset's if not set."
  type        = string
  default     = null

  validation {
    condition     = var.machine_type == null || can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.machine_type))
    error_message = "machine_type is a type of Compute Engine, such as e2-standard-2. `gcloud compute machine-types list` shows them."
  }
  validation {
    condition     = var.machine_type == null || !can(regex("^(n4|n4d|c4|c4d|h4d|m4|x4|z3|z4d)-", var.machine_type))
    error_message = "machine_type is of a family that takes Hyperdisks only, and the VM's disk is a balanced persistent disk. Take another, such as e2-standard-2, n2-standard-2 or c3-standard-4."
  }
  validation {
    condition     = var.machine_type == null || !can(regex("^(t2a|c4a|n4a|a4x)-", var.machine_type))
    error_message = "machine_type is of an Arm family; Pulso's images and modules are for x86-64. Take another, such as e2-standard-2."
  }
}

variable "vm_settings" {
  description = "Settings of the agent and the workload on the VM, such as { PULSO_INTERVAL = \"500ms\", PULSO_WORK_CPU = \"10ms\" }. docs/operations.md lists them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([for name, value in var.vm_settings :
    can(regex("^PULSO_[A-Z0-9_]+$", name)) && can(regex("^[ -~]+$", value)) && !contains(["PULSO_PROCFS", "PULSO_HOST", "PULSO_MACHINE", "PULSO_LISTEN"], name)])
    error_message = "vm_settings has names PULSO_… and values of one line; PULSO_PROCFS, PULSO_HOST, PULSO_MACHINE and PULSO_LISTEN are set by the start-up script."
  }
}

variable "autopilot" {
  description = "Whether GKE runs the nodes (Autopilot, paid by the pod). If not, there is a pool of one to four e2-standard-2 in one zone. Not to be changed on a cluster that is there."
  type        = bool
  default     = true
  nullable    = false
}

variable "sql_tier" {
  description = "The machine of the database, such as db-custom-2-7680; the preset's if not set."
  type        = string
  default     = null

  validation {
    condition     = var.sql_tier == null || can(regex("^db-(f1-micro|g1-small|n1-[a-z]+-[0-9]+|custom-[0-9]+-[0-9]+)$", var.sql_tier))
    error_message = "sql_tier is a tier of Cloud SQL's edition Enterprise, such as db-custom-1-3840, db-g1-small or db-f1-micro. `gcloud sql tiers list` shows them."
  }
}

variable "sql_instance" {
  description = "The name of the Cloud SQL instance. One that was deleted may keep its name for a week: then take another."
  type        = string
  default     = "pulso"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,60}[a-z0-9])?$", var.sql_instance))
    error_message = "sql_instance is a name of lower-case letters, digits and hyphens that starts with a letter, such as pulso-2."
  }
}

variable "token_version" {
  description = "The number of the tokens: another one makes new tokens. They count when the pods are restarted."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.token_version >= 1 && floor(var.token_version) == var.token_version
    error_message = "token_version is a whole number from 1 on; raise it by one for new tokens."
  }
}

variable "deletion_protection" {
  description = "Whether the cluster and the database refuse to be deleted; the preset's if not set."
  type        = bool
  default     = null
}

variable "budget" {
  description = "A budget for this project, which mails the billing account's administrators at 50, 90 and 100 %. It stops nothing."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "USD")
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account is an id such as 012345-6789AB-CDEF01. `gcloud billing accounts list` shows them."
  }
  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount is a whole number of at least 1, in the billing account's own currency (budget.currency)."
  }
}

variable "alert_email" {
  description = "Who is mailed when the dashboard does not answer. Without it nobody looks."
  type        = string
  default     = null

  validation {
    condition     = var.alert_email == null || can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", var.alert_email))
    error_message = "alert_email is an e-mail address, such as me@example.com."
  }
}
