import type { Answer as Kind } from '../../shared/contract/verdict';
import type { RunKey } from '../../shared/runs/es';
import { useWords } from '../../shared/runs/words';
import type { Side } from './side';

type Degree = 'high' | 'medium' | 'low';
const degrees: Readonly<Record<Degree, number>> = { low: 1, medium: 2, high: 3 };

/** The answer first: by its word and by the shape of its sign, not only by its colour. */
export function Answer({ side }: { readonly side: Side }) {
  const { w, say } = useWords();
  const { answer, confidence, sentence, missing } = side.verdict;
  const degree = isDegree(confidence) ? confidence : 'low';
  return (
    <div className={`answer ${answer}`} data-testid="answer" data-answer={answer}>
      <div className="answer-head">
        <Sign answer={answer} />
        <p className="answer-word">
          <span className="visually-hidden">{w('answer.label')} </span>
          {w(answerKey(answer))}
        </p>
        <p className="confidence" data-confidence={degree}>
          <svg viewBox="0 0 26 12" aria-hidden="true">
            {[1, 2, 3].map((i) => (
              <rect
                key={i}
                className={i <= degrees[degree] ? 'on' : 'off'}
                x={(i - 1) * 9 + 0.75}
                y={0.75}
                width={6.5}
                height={10.5}
                rx={1.5}
              />
            ))}
          </svg>
          {w(`confidence.${degree}`)}
        </p>
      </div>
      <p className="answer-sentence" data-said>
        {say(sentence)}
      </p>
      {missing.length > 0 && (
        <div className="missing">
          <h3>{w('missing.title')}</h3>
          <ul data-said>
            {missing.map((text) => (
              <li key={text.en}>{say(text)}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** A round sign with a tick, an eight-sided one with a cross, a rhomb with a question mark. */
export function Sign({ answer }: { readonly answer: Kind }) {
  return (
    <svg className={`sign ${answer}`} viewBox="0 0 40 40" aria-hidden="true">
      {answer === 'yes' ? (
        <>
          <circle cx="20" cy="20" r="18" />
          <path d="M11.5 20.5l6 6 11-12.5" />
        </>
      ) : answer === 'no' ? (
        <>
          <path className="board" d="M12.5 2h15L38 12.5v15L27.5 38h-15L2 27.5v-15z" />
          <path d="M13.5 13.5l13 13m0-13l-13 13" />
        </>
      ) : (
        <>
          <path className="board" d="M20 1.5L38.5 20 20 38.5 1.5 20z" />
          <path d="M15.5 15.5a4.6 4.6 0 1 1 6.8 4.1c-1.6.9-2.3 1.7-2.3 3.4m0 4.6v.1" />
        </>
      )}
    </svg>
  );
}

export function answerKey(answer: Kind): RunKey {
  return answer === 'yes' || answer === 'no' ? `answer.${answer}` : 'answer.unknown';
}

function isDegree(confidence: string): confidence is Degree {
  return confidence in degrees;
}
