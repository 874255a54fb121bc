// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/pulso_ram: the memory of the machine, as one line of JSON:
 *
 *	{"total_kib":…,"free_kib":…,"available_kib":…}
 *
 * The same as MemTotal, MemFree and MemAvailable in /proc/meminfo. What is free lies idle; what is available is what
 * programs could still get without swapping, page cache that can be dropped included.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "../name.h"

static char *name = "pulso_ram";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "the file's name in /proc (default: pulso_ram)");

static struct proc_dir_entry *entry;

static u64 kib(unsigned long pages)
{
	return (u64)pages << (PAGE_SHIFT - 10);
}

static int pulso_ram_show(struct seq_file *m, void *v)
{
	long available = si_mem_available();
	struct sysinfo info;

	si_meminfo(&info);
	seq_put_decimal_ull(m, "{\"total_kib\":", kib(info.totalram));
	seq_put_decimal_ull(m, ",\"free_kib\":", kib(info.freeram));
	seq_put_decimal_ull(m, ",\"available_kib\":", kib(available));
	seq_puts(m, "}\n");
	return 0;
}

static int __init pulso_ram_init(void)
{
	if (!pulso_name_ok(name)) {
		pr_err("name=%s is no name for a file in /proc\n", name);
		return -EINVAL;
	}
	entry = proc_create_single(name, 0444, NULL, pulso_ram_show);
	return entry ? 0 : -ENOMEM;
}

static void __exit pulso_ram_exit(void)
{
	proc_remove(entry);
}

module_init(pulso_ram_init);
module_exit(pulso_ram_exit);

MODULE_AUTHOR("Pulso");
MODULE_DESCRIPTION("Memory of the whole machine, as JSON in /proc");
MODULE_LICENSE("GPL");
