#!/bin/sh
# The guest's program: the tests.
exec /tests -test.v -test.timeout 4m
