#!/bin/sh
# The guest's program of bench-kernel: the benchmark at each number of processes, those of an idle system included.
set -eu
echo 65536 >/proc/sys/kernel/pid_max
insmod /modules/pulso_procs.ko
cd /tmp
processes() { sed 's/.*"total_procesos":\([0-9]*\).*/\1/' /proc/pulso_procs; }
for processes in 100 1000 5000; do
	mkfifo said
	guest crowd $((processes - $(processes) - 2)) >said & # itself, and the benchmark
	crowd=$!
	read -r _ <said
	rm said
	echo "processes $processes"
	/program -test.run '^$' -test.bench /module -test.benchtime 200x
	/program -test.run '^$' -test.bench '/(scan|library)' -test.benchtime 3x
	kill $crowd
	wait $crowd || true
done
