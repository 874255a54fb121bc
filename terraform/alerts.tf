# Options: a budget that mails, and somebody who looks whether the dashboard answers.

data "google_project" "pulso" {
  count = var.budget == null ? 0 : 1
}

resource "google_billing_budget" "pulso" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "Pulso"

  budget_filter {
    projects = ["projects/${data.google_project.pulso[0].number}"]
  }
  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = var.budget.amount
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  depends_on = [google_project_service.api]
}

# Each of Google's places asks once in fifteen minutes.
resource "google_monitoring_uptime_check_config" "dashboard" {
  count = var.alert_email == null ? 0 : 1

  display_name = "Pulso's dashboard"
  period       = "900s"
  timeout      = "30s"

  http_check {
    path         = "/ready"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }
  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = trimprefix(google_cloud_run_v2_service.frontend.uri, "https://")
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  count = var.alert_email == null ? 0 : 1

  display_name = "Pulso"
  type         = "email"
  labels       = { email_address = var.alert_email }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "dashboard" {
  count = var.alert_email == null ? 0 : 1

  display_name          = "Pulso's dashboard does not answer"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email[0].id]

  conditions {
    display_name = "The uptime check fails from more than one place"

    condition_threshold {
      filter          = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${google_monitoring_uptime_check_config.dashboard[0].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "0s"

      aggregations {
        alignment_period     = "1200s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
      trigger {
        count = 1
      }
    }
  }
}
