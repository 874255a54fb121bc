#!/bin/sh
# The guest's program of bench-agent: the agent at ten samples a second among 1000 processes, asked by nobody. Its CPU
# time is that of all its threads, as the scheduler counts it, read through the module's own table.
set -eu
for module in pulso_cpu pulso_ram pulso_procs; do
	insmod /modules/$module.ko
done
cd /tmp
processes() { sed 's/.*"total_procesos":\([0-9]*\).*/\1/' /proc/pulso_procs; }
mkfifo said
guest crowd $((1000 - $(processes) - 2)) >said & # itself, and the agent
read -r _ <said
PULSO_INTERVAL=100ms /program 2>log &
agent=$!
sample() { # FIELD: of the agent's newest sample
	wget -q -O - http://127.0.0.1:8080/metrics | sed "s/.*\"$1\":\"*\([a-z0-9]*\).*/\1/"
}
used() { sed -n "s/^$agent [0-9]* [A-Z] \([0-9]*\) .*/\1/p" /proc/pulso_proctable; }
sleep 10 # its first garbage has been collected
[ "$(sample fuente)" = kernel ]
first=$(sample secuencia) before=$(used)
sleep 60
after=$(used) last=$(sample secuencia)
echo "instructions $((after - before)) samples $((last - first)) processes $(processes)"
