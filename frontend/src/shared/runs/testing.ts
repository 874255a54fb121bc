// Runs made by rule, whose capacity is known, and a verdict as Go would give it.
import type { Run, Second } from '../contract/run';
import type { Estimate, Level, Verdict } from '../contract/verdict';

const start = Date.UTC(2026, 2, 1, 12); // of both clocks, ms since 1970
const hold = 24; // seconds of a step
const settling = 6; // of them, until it is steady

/** A VM that answers at most so many requests a second; a user asks once in 1.5 s and the service takes 20 ms. */
export interface Rule {
  readonly capacity: number;
  readonly asked: number;
  readonly id?: string;
  readonly name?: string;
  readonly host?: string;
  readonly machine?: string;
}

/** Noise that is the same every time: 0–1. */
function noise(seed: number): number {
  return Math.abs(Math.sin(seed * 12.9898) * 43_758.5453) % 1;
}

function at(users: number, capacity: number): { good: number; latency: number; cpu: number } {
  const offered = users / 1.52;
  const good = offered / (1 + (offered / capacity) ** 6) ** (1 / 6);
  const waits = Math.max((users / good - 1.5) * 1_000, 20);
  return { good, latency: waits, cpu: Math.min((100 * good) / capacity, 99) };
}

function usersOf({ asked }: Rule): number[] {
  return Array.from({ length: 10 }, (_, step) => Math.round((asked / 8) * Math.SQRT2 ** step));
}

export function makeRun(rule: Rule): Run {
  const steps = usersOf(rule);
  const seconds = steps.flatMap((users, step) =>
    Array.from({ length: hold }, (_, i) => secondOf(step * hold + i, users, rule)),
  );
  const id = rule.id ?? '20260301-120000-3f9c2a1b';
  return {
    version: 1,
    id,
    name: rule.name ?? 'vm de prueba',
    phase: 1,
    recording: '',
    vm: {
      host: rule.host ?? 'vm-a',
      cpus: 4,
      ram_mib: 15_990,
      machine: rule.machine ?? 'e2-standard-4',
      kernel: '6.1.0-37-cloud-amd64',
      processes: 127_000,
    },
    protocol: {
      users: rule.asked,
      spawn_rate: 100,
      wait_min: 1,
      wait_max: 2,
      duration: 0,
      ramp: true,
      speed: 1,
      target: 'http://10.0.0.2:8082',
      records: 2_000,
      objective: { percentile: 95, latency_ms: 250, errors_percent: 1 },
      workload: { cpu_ms: 20, memoria_mib: 8 },
    },
    start: new Date(start).toISOString(),
    end: new Date(start + steps.length * hold * 1_000).toISOString(),
    seconds,
  };
}

function secondOf(second: number, users: number, { capacity }: Rule): Second {
  const { good, latency, cpu } = at(users, capacity);
  const count = Math.max(Math.round(good * (0.9 + 0.2 * noise(second))), 0);
  const failures = users > 1.6 * 1.52 * capacity ? Math.round(2 + 4 * noise(second + 0.5)) : 0;
  // Buckets double every eight; p50 and p95 are two of them apart.
  const middle = Math.round(8 * Math.log2((latency * 0.8) / 0.1) + noise(second + 0.2));
  const [faster, slower, slowest] = [0.3, 0.2, 0.1].map((share) => Math.floor(share * count));
  const parts: [number, number][] = [
    [middle - 1, faster ?? 0],
    [middle, count - (faster ?? 0) - (slower ?? 0) - (slowest ?? 0)],
    [middle + 1, slower ?? 0],
    [middle + 3, slowest ?? 0],
  ];
  return {
    second,
    users,
    generator_percent: 20 + users / 20,
    vitals: {
      hora: new Date(start + second * 1_000).toISOString().slice(0, 19).replace('T', ' '),
      porcentaje_cpu_uso: Math.min(cpu * (0.95 + 0.1 * noise(second + 0.3)), 100),
      porcentaje_ram: 22 + users / 30 + noise(second + 0.4),
      procesos_corriendo: 1 + cpu / 20,
      total_procesos: 140,
    },
    targets: [
      { name: 'agent', requests: users, failures: 0, latency: [[40, users]] },
      {
        name: 'workload',
        requests: count + failures,
        failures,
        latency: parts.filter(([, counted]) => counted > 0),
      },
    ],
  };
}

/** Phase 2: 150 users replay the recording, and the second route takes a third longer than the first. */
export function makeReplay(of: Run, id: string): Run {
  const users = 150;
  const length = 90;
  const target = (name: string, second: number, bucket: number) => {
    const count = Math.round(28 + 6 * noise(second + bucket));
    const slow = Math.round(count * 0.1);
    const latency: [number, number][] = [
      [bucket, count - slow],
      [bucket + 8, slow],
    ];
    return { name, requests: count, failures: 0, latency };
  };
  const { workload: _, ...protocol } = of.protocol;
  return {
    ...of,
    id,
    name: '',
    phase: 2,
    recording: of.id,
    protocol: {
      ...protocol,
      users,
      spawn_rate: 50,
      wait_min: 1,
      wait_max: 4,
      ramp: false,
      target: 'http://10.0.0.3',
    },
    start: new Date(start + 3_600_000).toISOString(),
    end: new Date(start + 3_600_000 + length * 1_000).toISOString(),
    seconds: Array.from({ length }, (_, second) => ({
      second,
      users: Math.min(50 * (second + 1), users),
      generator_percent: 31,
      targets: [target('api1', second, 48), target('api2', second, 51)],
    })),
  };
}

const within = (value: number, share: number): Estimate => ({
  value,
  low: value - Math.abs(value) * share,
  high: value + Math.abs(value) * share,
});

export function makeVerdict(rule: Rule): Verdict {
  const { capacity, asked } = rule;
  const levels = usersOf(rule).map((users, step): Level => {
    const { good, latency, cpu } = at(users, capacity);
    const quantile = latency * 1.1;
    const failing = users > 1.6 * 1.52 * capacity;
    return {
      users,
      from: step * hold + settling,
      to: (step + 1) * hold,
      steady: step !== 6,
      reason:
        step === 6
          ? {
              es: 'la latencia creció hasta el final del tramo',
              en: 'the latency grew until the end of the stretch',
            }
          : { es: '', en: '' },
      requests: within(good, 0.02),
      latency: within(quantile, 0.08),
      p50: latency * 0.8,
      p99: latency * 1.3,
      errors: failing ? within(2.1, 0.2) : { value: 0, low: 0, high: 0.1 },
      meets: quantile <= 250 && !failing ? 'yes' : 'no',
      cpu,
      ram: 22.5 + users / 30,
      running: 1 + cpu / 20,
      processes: 140,
      generator: 20 + users / 20,
    };
  });
  const load = ({ users, requests, latency, errors }: Level) => ({ users, requests, latency, errors });
  const carries = levels.findLast(({ meets }) => meets === 'yes');
  const breaks = levels.find(({ meets }) => meets === 'no');
  const measured = levels.find(({ users }) => users === asked);
  const yes = measured?.meets === 'yes';
  return {
    answer: yes ? 'yes' : 'no',
    confidence: 'high',
    sentence: yes
      ? {
          es: `Sí: con ${asked} usuarios el 95 % de las respuestas llega en menos de 250 ms, y queda margen antes de que se agote la CPU.`,
          en: `Yes: with ${asked} users 95% of the answers come within 250 ms, and there is head-room before the CPU gives out.`,
        }
      : {
          es: `No: con ${asked} usuarios el objetivo no se cumple, porque la CPU se agota antes. Use una VM con más CPU o a lo sumo ${carries?.users} usuarios.`,
          en: `No: with ${asked} users the objective is not met, because the CPU gives out first. Use a VM with more CPUs, or ${carries?.users} users at most.`,
        },
    objective: { percentile: 95, latency_ms: 250, errors_percent: 1 },
    asked,
    ...(measured && { load: load(measured) }),
    ...(carries && { carries: load(carries) }),
    ...(breaks && { breaks: load(breaks) }),
    saturation: { users: within(1.52 * capacity, 0.03), requests: within(capacity, 0.015), falls: false },
    bottleneck: {
      resource: 'cpu',
      cpu: 99,
      ram: 38,
      processes: 0.1,
      reason: {
        es: 'En la saturación la CPU está al 99 %, la RAM al 38 %.',
        en: 'At saturation the CPU is at 99%, the RAM at 38%.',
      },
    },
    headroom: within(100 * (1 - asked / 1.52 / capacity), 0.06),
    law: {
      lambda: within(0.66, 0.01),
      sigma: within(0.0002, 0.3),
      kappa: within(0.66 / (4 * capacity * 1.7 * capacity), 0.3),
      peak_users: 1.52 * capacity * 2,
      peak_requests: within(capacity, 0.02),
      r_squared: 0.991,
      applies: true,
    },
    levels,
    missing: [
      {
        es: 'El nivel de 300 usuarios no llegó a ser estable: una corrida más larga lo diría.',
        en: 'The level of 300 users did not become steady: a longer run would tell.',
      },
    ],
  };
}
