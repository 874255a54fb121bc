// SPDX-License-Identifier: GPL-2.0
/*
 * Processes, which are thread-group leaders, of the whole machine: every PID namespace, kernel threads included.
 *
 * /proc/pulso_procs counts them by state, as one line of JSON; the states add up to the total:
 *
 *	{"procesos_corriendo":…,"procesos_durmiendo":…,"procesos_zombie":…,"procesos_parados":…,"total_procesos":…}
 *
 * corriendo is the state R; durmiendo is S, D, P and I (idle kernel threads); zombie is Z and X; parados is T and t.
 *
 * /proc/pulso_proctable has a line for each of them, in order of pid:
 *
 *	pid ppid state cpu_ns rss_kib comm
 *
 * state is the letter that /proc/[pid]/stat has; cpu_ns is the CPU time of all its threads since it started, in
 * nanoseconds; rss_kib is resident memory. A byte of comm that is not printable ASCII, a space or a backslash is
 * written \xHH, so that no name can break the format. comm may be empty.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "../name.h"

static char *name = "pulso_procs";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "the name in /proc of the counts (default: pulso_procs)");

static char *table = "pulso_proctable";
module_param(table, charp, 0444);
MODULE_PARM_DESC(table, "the name in /proc of the table (default: pulso_proctable)");

static struct proc_dir_entry *counts_entry;
static struct proc_dir_entry *table_entry;

/* One more than task_state_index() can be. */
#define STATES (ilog2(TASK_REPORT_MAX) + 1)

static int pulso_procs_show(struct seq_file *m, void *v)
{
	unsigned int running = 0, sleeping = 0, zombie = 0, stopped = 0, i;
	unsigned int counts[STATES] = {};
	struct task_struct *task;

	/* Which state counts as what is decided once and not for every process: this loop is all that a reading costs. */
	rcu_read_lock();
	for_each_process(task)
		counts[task_state_index(task)]++;
	rcu_read_unlock();

	for (i = 0; i < STATES; i++) {
		switch (task_index_to_char(i)) {
		case 'R':
			running += counts[i];
			break;
		case 'Z':
		case 'X':
			zombie += counts[i];
			break;
		case 'T':
		case 't':
			stopped += counts[i];
			break;
		default:
			sleeping += counts[i];
		}
	}
	seq_put_decimal_ull(m, "{\"procesos_corriendo\":", running);
	seq_put_decimal_ull(m, ",\"procesos_durmiendo\":", sleeping);
	seq_put_decimal_ull(m, ",\"procesos_zombie\":", zombie);
	seq_put_decimal_ull(m, ",\"procesos_parados\":", stopped);
	seq_put_decimal_ull(m, ",\"total_procesos\":", running + sleeping + zombie + stopped);
	seq_puts(m, "}\n");
	return 0;
}

/*
 * The first process with at least this pid. The table's position is a pid, so that it survives who comes and goes, and so
 * that the lock need not be held from one process to the next: whoever reads far into the table would hold it, and the
 * CPU, for all that lies before.
 */
static struct task_struct *process_from(loff_t *pos)
{
	for (;; ++*pos) {
		struct task_struct *task;
		struct pid *pid;

		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
		pid = find_ge_pid(*pos, &init_pid_ns);
		if (!pid)
			return NULL;
		*pos = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_TGID);
		if (task)
			return task;
	}
}

static void *table_start(struct seq_file *m, loff_t *pos) __acquires(RCU)
{
	rcu_read_lock();
	return process_from(pos);
}

static void *table_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return process_from(pos);
}

static void table_stop(struct seq_file *m, void *v) __releases(RCU)
{
	rcu_read_unlock();
}

/*
 * CPU time as the scheduler counts it, which is what utime and stime of /proc/[pid]/stat add up to: of the threads that
 * have ended and of those that run. An ending thread moves from one to the other under the lock, which is taken at once
 * (the kernel tries without it first): that costs the most where a process has thousands of threads.
 */
static u64 cpu_ns(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *thread;
	unsigned long flags;
	u64 ns;

	read_seqlock_excl_irqsave(&signal->stats_lock, flags);
	ns = signal->sum_sched_runtime;
	for_each_thread(task, thread)
		ns += READ_ONCE(thread->se.sum_exec_runtime);
	read_sequnlock_excl_irqrestore(&signal->stats_lock, flags);
	return ns;
}

/* Kernel threads borrow the memory of others and have none of their own; a process that ends gives its own up. */
static u64 rss_kib(struct task_struct *task)
{
	u64 pages = 0;

	task_lock(task);
	if (task->mm && !(task->flags & PF_KTHREAD))
		pages = get_mm_rss(task->mm);
	task_unlock(task);
	return pages << (PAGE_SHIFT - 10);
}

static void put_escaped(struct seq_file *m, const char *text)
{
	for (; *text; text++) {
		if (isascii(*text) && isgraph(*text) && *text != '\\')
			seq_putc(m, *text);
		else
			seq_printf(m, "\\x%02x", (unsigned char)*text);
	}
}

static int table_show(struct seq_file *m, void *v)
{
	struct task_struct *task = v;
	char comm[TASK_COMM_LEN];

	get_task_comm(comm, task);
	seq_put_decimal_ull(m, "", task_tgid_nr(task));
	seq_put_decimal_ull(m, " ", task_ppid_nr(task));
	seq_putc(m, ' ');
	seq_putc(m, task_state_to_char(task));
	seq_put_decimal_ull(m, " ", cpu_ns(task));
	seq_put_decimal_ull(m, " ", rss_kib(task));
	seq_putc(m, ' ');
	put_escaped(m, comm);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations table_ops = {
	.start = table_start,
	.next = table_next,
	.stop = table_stop,
	.show = table_show,
};

static int __init pulso_procs_init(void)
{
	if (!pulso_name_ok(name) || !pulso_name_ok(table) || !strcmp(name, table)) {
		pr_err("name=%s and table=%s are no two names for files in /proc\n", name, table);
		return -EINVAL;
	}
	counts_entry = proc_create_single(name, 0444, NULL, pulso_procs_show);
	if (!counts_entry)
		return -ENOMEM;
	table_entry = proc_create_seq(table, 0444, NULL, &table_ops);
	if (!table_entry)
		goto err_table;
	return 0;

err_table:
	proc_remove(counts_entry);
	return -ENOMEM;
}

static void __exit pulso_procs_exit(void)
{
	proc_remove(table_entry);
	proc_remove(counts_entry);
}

module_init(pulso_procs_init);
module_exit(pulso_procs_exit);

MODULE_AUTHOR("Pulso");
MODULE_DESCRIPTION("Processes of the whole machine: counts by state, as JSON, and a table, in /proc");
MODULE_LICENSE("GPL");
