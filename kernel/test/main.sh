#!/bin/sh
# The guest's program: the tests. GO_TEST is set on the kernel's command line.
exec /tests -test.v -test.timeout 4m -test.run "${GO_TEST:-.}"
