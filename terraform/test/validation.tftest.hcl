# Every value that Google would refuse late, or that would open too much, is refused at once. The words are in
# validation_test.go.

mock_provider "google" {}

variables {
  project              = "my-project-123456"
  load_generator_cidrs = ["203.0.113.7/32"]
}

run "project_by_name" {
  command = plan
  variables {
    project = "My Project"
  }
  expect_failures = [var.project]
}

run "project_by_number" {
  command = plan
  variables {
    project = "123456789012"
  }
  expect_failures = [var.project]
}

run "project_of_a_domain" {
  command = plan
  variables {
    project = "example.com:my-project"
  }
  expect_failures = [var.project]
}

run "nobody_may_load" {
  command = plan
  variables {
    load_generator_cidrs = []
  }
  expect_failures = [var.load_generator_cidrs]
}

run "an_address_and_no_range" {
  command = plan
  variables {
    load_generator_cidrs = ["203.0.113.7"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "a_range_by_another_than_its_first_address" {
  command = plan
  variables {
    load_generator_cidrs = ["203.0.113.7/24"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "ipv6" {
  command = plan
  variables {
    load_generator_cidrs = ["2001:db8::/64"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "everybody_may_load" {
  command = plan
  variables {
    load_generator_cidrs = ["203.0.113.7/32", "0.0.0.0/0"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "everybody_may_load_in_two_halves" {
  command = plan
  variables {
    load_generator_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "everybody_may_load_in_many_parts" {
  command = plan
  variables {
    load_generator_cidrs = [for i in range(256) : "${i}.0.0.0/8"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "more_than_a_slash_8" {
  command = plan
  variables {
    load_generator_cidrs = ["16.0.0.0/7"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "a_length_that_google_does_not_read" {
  command = plan
  variables {
    load_generator_cidrs = ["10.0.0.0/08"]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "nothing_may_load" {
  command = plan
  variables {
    load_generator_cidrs = [null]
  }
  expect_failures = [var.load_generator_cidrs]
}

run "another_arm_machine" {
  command = plan
  variables {
    machine_type = "c4a-standard-1"
  }
  expect_failures = [var.machine_type]
}

run "another_setting_that_the_script_sets" {
  command = plan
  variables {
    vm_settings = { PULSO_PROCFS = "/proc" }
  }
  expect_failures = [var.vm_settings]
}

run "one_more_setting_that_the_script_sets" {
  command = plan
  variables {
    vm_settings = { PULSO_LISTEN = "0.0.0.0" }
  }
  expect_failures = [var.vm_settings]
}

run "half_a_dollar" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 1.5 }
  }
  expect_failures = [var.budget]
}

run "no_such_preset" {
  command = plan
  variables {
    preset = "large"
  }
  expect_failures = [var.preset]
}

run "no_such_ingest" {
  command = plan
  variables {
    ingest = "lambda"
  }
  expect_failures = [var.ingest]
}

run "both_on_a_small_database" {
  command = plan
  variables {
    preset = "small"
    ingest = "both"
  }
  expect_failures = [var.ingest]
}

run "a_zone_for_a_region" {
  command = plan
  variables {
    region = "us-central1-a"
    zone   = null
  }
  expect_failures = [var.region]
}

run "a_zone_of_another_region" {
  command = plan
  variables {
    zone = "europe-west1-b"
  }
  expect_failures = [var.zone]
}

run "no_machine_type" {
  command = plan
  variables {
    machine_type = "big"
  }
  expect_failures = [var.machine_type]
}

run "a_machine_without_persistent_disks" {
  command = plan
  variables {
    machine_type = "c4-standard-2"
  }
  expect_failures = [var.machine_type]
}

run "an_arm_machine" {
  command = plan
  variables {
    machine_type = "t2a-standard-2"
  }
  expect_failures = [var.machine_type]
}

run "a_setting_of_another_program" {
  command = plan
  variables {
    vm_settings = { PATH = "/tmp" }
  }
  expect_failures = [var.vm_settings]
}

run "a_setting_of_two_lines" {
  command = plan
  variables {
    vm_settings = { PULSO_INTERVAL = "1s\nPULSO_HOST=x" }
  }
  expect_failures = [var.vm_settings]
}

run "a_setting_that_the_script_sets" {
  command = plan
  variables {
    vm_settings = { PULSO_HOST = "x" }
  }
  expect_failures = [var.vm_settings]
}

run "a_tier_of_enterprise_plus" {
  command = plan
  variables {
    sql_tier = "db-perf-optimized-N-2"
  }
  expect_failures = [var.sql_tier]
}

run "no_name_for_the_database" {
  command = plan
  variables {
    sql_instance = "Pulso_2"
  }
  expect_failures = [var.sql_instance]
}

run "token_version_zero" {
  command = plan
  variables {
    token_version = 0
  }
  expect_failures = [var.token_version]
}

run "token_version_and_a_half" {
  command = plan
  variables {
    token_version = 1.5
  }
  expect_failures = [var.token_version]
}

run "no_billing_account" {
  command = plan
  variables {
    budget = { billing_account = "mine", amount = 300 }
  }
  expect_failures = [var.budget]
}

run "a_budget_of_nothing" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 0 }
  }
  expect_failures = [var.budget]
}

run "no_address_for_alerts" {
  command = plan
  variables {
    alert_email = "me"
  }
  expect_failures = [var.alert_email]
}

run "everybody_may_load_because_somebody_says_so" {
  command = plan
  variables {
    load_generator_cidrs     = ["0.0.0.0/0"]
    allow_any_load_generator = true
  }
}

run "a_region_where_new_projects_may_not_build" {
  command = plan
  variables {
    region = "europe-west4"
  }
  expect_failures = [check.region]
}
