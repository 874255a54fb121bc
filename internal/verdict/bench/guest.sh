#!/bin/sh
# The guest's program: the agent on the modules, and the workload as /settings has it, until the host ends the guest.
set -eu
for module in pulso_cpu pulso_ram pulso_procs; do
	insmod /modules/$module.ko
done
# shellcheck disable=SC1091 # the host writes it
. /settings
PULSO_INTERVAL=1s PULSO_HOST=guest /agent 2>/tmp/agent.log &
/workload 2>/tmp/workload.log &
for port in 8080 8082; do
	until wget -q -O /dev/null http://127.0.0.1:$port/ready; do
		sleep 0.2
	done
done
echo ready >/tmp/ready
httpd -p 8081 -h /tmp # the host asks for /ready there
wait
