import type { Header } from '../../shared/contract/run';
import type { RunKey } from '../../shared/runs/es';
import { lengthText, objectiveText } from '../../shared/runs/text';
import type { Words } from '../../shared/runs/words';

export type Fact = readonly [name: RunKey, text: string];

/** How the load was made. */
export function protocolFacts(run: Header, words: Words): Fact[] {
  const { w, format } = words;
  const { protocol } = run;
  const facts: (Fact | false)[] = [
    ['compare.phase', w(run.phase === 2 ? 'phase.2' : 'phase.1')],
    ['protocol.start', format.dateTime(Date.parse(run.start))],
    ['protocol.length', lengthText((Date.parse(run.end) - Date.parse(run.start)) / 1_000)],
    ['protocol.duration', protocol.duration > 0 ? lengthText(protocol.duration) : w('protocol.open')],
    ['protocol.users', format.count(protocol.users)],
    run.phase === 1 && ['protocol.ramp', w(protocol.ramp ? 'protocol.rampYes' : 'protocol.rampNo')],
    ['protocol.spawn', w('protocol.spawnValue', { rate: format.average(protocol.spawn_rate) })],
    [
      'protocol.waits',
      w('protocol.waitsValue', {
        min: format.average(protocol.wait_min),
        max: format.average(protocol.wait_max),
      }),
    ],
    run.phase === 2 && [
      'protocol.speed',
      protocol.speed === 0
        ? w('protocol.speedFull')
        : w('protocol.speedValue', { speed: format.average(protocol.speed) }),
    ],
    ['compare.objective', objectiveText(protocol.objective, words)],
    ['protocol.target', protocol.target || w('vm.unknown')],
    ['protocol.records', format.count(protocol.records)],
    protocol.workload !== undefined && [
      'protocol.workload',
      w('protocol.workloadValue', {
        cpu: format.average(protocol.workload.cpu_ms),
        memory: format.count(protocol.workload.memoria_mib),
      }),
    ],
    ['protocol.id', run.id],
  ];
  return facts.filter((fact) => fact !== false);
}

/** What was loaded. */
export function vmFacts({ vm }: Header, { w, format }: Words): Fact[] {
  const known = (text: string | false) => text || w('vm.unknown');
  return [
    ['vm.host', known(vm.host)],
    ['vm.machine', known(vm.machine)],
    ['vm.cpus', known(vm.cpus > 0 && format.count(vm.cpus))],
    ['vm.ram', known(vm.ram_mib > 0 && format.mebibytes(vm.ram_mib))],
    ['vm.kernel', known(vm.kernel)],
    ['vm.processes', known(vm.processes > 0 && format.count(vm.processes))],
  ];
}
