package main

import (
	"net/http"
	_ "unsafe" // for the link

	_ "github.com/GoogleCloudPlatform/functions-framework-go/funcframework" // it has the handler
)

// frameworkHandler is the framework's own handler of the function that FUNCTION_TARGET names. The framework exports only
// Start, which serves it without any deadline and cannot be stopped. docs/decisions/0009-framework-handler.md says why it
// is linked to; a version that no longer has it does not build.
//
//go:linkname frameworkHandler github.com/GoogleCloudPlatform/functions-framework-go/funcframework.initServer
func frameworkHandler() (*http.ServeMux, error)
