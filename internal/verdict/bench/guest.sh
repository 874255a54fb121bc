#!/bin/sh
# The guest's program: the agent on the modules, and the workload as /settings has it, until the host ends the guest.
set -eu
for module in pulso_cpu pulso_ram pulso_procs; do
	insmod /modules/$module.ko
done
SLOTS=0
# shellcheck disable=SC1091 # the host writes it
. /settings
meminfo() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }
if [ "$SLOTS" -gt 0 ]; then # what is left, but for the programs themselves, is the memory of so many requests
	PULSO_WORK_MEMORY=$((($(meminfo MemAvailable) / 1024 - 56) / SLOTS))
	export PULSO_WORK_MEMORY
	echo always >/sys/kernel/mm/transparent_hugepage/enabled # emulated, a page fault costs much
fi
PULSO_INTERVAL=1s PULSO_HOST=guest /agent 2>/tmp/agent.log &
/workload 2>/tmp/workload.log &
for port in 8080 8082; do
	until wget -q -O /dev/null http://127.0.0.1:$port/ready; do
		sleep 0.2
	done
done
if [ "$SLOTS" -gt 0 ]; then # and the kernel refuses the next one, instead of ending a program when it is too late
	memory=$((PULSO_WORK_MEMORY * 1024))
	echo $(($(meminfo Committed_AS) + SLOTS * memory + memory / 2)) >/proc/sys/vm/overcommit_kbytes
	echo 2 >/proc/sys/vm/overcommit_memory
	echo "$SLOTS requests of $PULSO_WORK_MEMORY MiB"
fi
echo ready >/tmp/ready
httpd -p 8081 -h /tmp # the host asks for /ready there
wait
