// The tests of the cloud: Terraform, Cloud Build, images. What they need stays out of the services' module.
module github.com/pulso-lab/pulso/terraform/test

go 1.26.0
