#!/bin/busybox sh
# shellcheck shell=dash
# The guest's init: see New in qemu.go.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
for driver in /drivers/*.ko; do
	insmod "$driver"
done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
dmesg -n 1 # warnings of the kernel's go to its log; a panic is still seen
/main
guest exit $?
