// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/pulso_cpu: the time that all CPUs together have spent since boot, as one line of JSON:
 *
 *	{"cpus":2,"total_ns":…,"idle_ns":…,"iowait_ns":…}
 *
 * cpus is the number of CPUs that are online; the times are in nanoseconds. total_ns is the sum of all the times in
 * the first line of /proc/stat but for guests', which are inside user and nice already. Counters and no percentages:
 * how busy the CPUs were is a matter of two readings, and of whoever reads.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kernel_stat.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/tick.h>

#include "../name.h"

static char *name = "pulso_cpu";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "the file's name in /proc (default: pulso_cpu)");

static struct proc_dir_entry *entry;

/*
 * A CPU that sleeps without ticks does not count its own idle time: the tick code knows it, to the microsecond, and
 * answers -1 where it does not know. /proc/stat does the same.
 */
static u64 idle_ns(const struct kernel_cpustat *stat, int cpu)
{
	u64 us = cpu_online(cpu) ? get_cpu_idle_time_us(cpu, NULL) : -1ULL;

	return us == -1ULL ? stat->cpustat[CPUTIME_IDLE] : us * NSEC_PER_USEC;
}

static u64 iowait_ns(const struct kernel_cpustat *stat, int cpu)
{
	u64 us = cpu_online(cpu) ? get_cpu_iowait_time_us(cpu, NULL) : -1ULL;

	return us == -1ULL ? stat->cpustat[CPUTIME_IOWAIT] : us * NSEC_PER_USEC;
}

static u64 busy_ns(const struct kernel_cpustat *stat)
{
	const u64 *time = stat->cpustat;

	return time[CPUTIME_USER] + time[CPUTIME_NICE] + time[CPUTIME_SYSTEM] +
	       time[CPUTIME_IRQ] + time[CPUTIME_SOFTIRQ] + time[CPUTIME_STEAL];
}

static int pulso_cpu_show(struct seq_file *m, void *v)
{
	u64 busy = 0, idle = 0, iowait = 0;
	int cpu;

	/* What a CPU that has gone offline spent before still counts, as in /proc/stat. */
	for_each_possible_cpu(cpu) {
		struct kernel_cpustat stat;

		kcpustat_cpu_fetch(&stat, cpu);
		busy += busy_ns(&stat);
		idle += idle_ns(&stat, cpu);
		iowait += iowait_ns(&stat, cpu);
	}
	seq_put_decimal_ull(m, "{\"cpus\":", num_online_cpus());
	seq_put_decimal_ull(m, ",\"total_ns\":", busy + idle + iowait);
	seq_put_decimal_ull(m, ",\"idle_ns\":", idle);
	seq_put_decimal_ull(m, ",\"iowait_ns\":", iowait);
	seq_puts(m, "}\n");
	return 0;
}

static int __init pulso_cpu_init(void)
{
	if (!pulso_name_ok(name)) {
		pr_err("name=%s is no name for a file in /proc\n", name);
		return -EINVAL;
	}
	entry = proc_create_single(name, 0444, NULL, pulso_cpu_show);
	return entry ? 0 : -ENOMEM;
}

static void __exit pulso_cpu_exit(void)
{
	proc_remove(entry);
}

module_init(pulso_cpu_init);
module_exit(pulso_cpu_exit);

MODULE_AUTHOR("Pulso");
MODULE_DESCRIPTION("CPU time of the whole machine, as JSON in /proc");
MODULE_LICENSE("GPL");
