// What gets through to the server, and what mends what does not: for whoever runs it, and for whoever they ask to look.

import { Check as CheckMark, Minus, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { go } from '../route'
import { strings } from '../strings'
import { testids } from '../testids'
import { tokenFor } from '../token'
import { Button } from '../ui/Button'
import { Wordmark } from '../ui/Wordmark'
import { diagnose, type Check, type Finding, type Report } from './diagnose'
import styles from './Doctor.module.css'
import { measure } from './measure'

export const Doctor = () => {
  const [round, setRound] = useState(0)
  const [report, setReport] = useState<Report | 'failed'>()
  const token = tokenFor('/doctor')
  const result = useRef<HTMLParagraphElement>(null)

  useEffect(() => {
    document.title = strings.doctor.title
  }, [])

  useEffect(() => {
    let over = false
    measure(token)
      .then((facts) => {
        if (!over) setReport(diagnose(facts))
      })
      .catch((error: unknown) => {
        console.error(error)
        if (!over) setReport('failed')
      })
    return () => {
      over = true
    }
  }, [round, token])

  const again = () => {
    setReport(undefined)
    setRound((n) => n + 1)
    result.current?.focus()
  }

  const done = report !== undefined
  const { checks, findings } =
    report === undefined || report === 'failed' ? { checks: waiting(), findings: [] } : report
  const mend = findings.filter((f) => f.note !== true)
  const said =
    report === undefined
      ? strings.doctor.trying
      : report === 'failed'
        ? strings.doctor.failed
        : mend.length === 0
          ? strings.doctor.well
          : strings.doctor.ill(mend.length)
  return (
    <main className={styles.page} data-testid={testids.doctor} data-state={done ? 'done' : 'trying'}>
      <header className={styles.top}>
        <Wordmark />
      </header>
      <div className={styles.middle}>
        <h1>{strings.doctor.heading}</h1>
        <p className={styles.line}>
          {token === undefined ? strings.doctor.line : strings.doctor.lineWithToken}
        </p>
        <p className={styles.result} ref={result} tabIndex={-1} role="status">
          {said}
        </p>
        {findings.length > 0 && (
          <ul className={styles.findings} aria-label={strings.doctor.findings}>
            {findings.map((f) => (
              <Found key={f.code} finding={f} />
            ))}
          </ul>
        )}
        <ul className={styles.checks} aria-label={strings.doctor.checks} aria-busy={!done}>
          {checks.map((c, i) => (
            <Way key={i} check={c} trying={!done} />
          ))}
        </ul>
        <div className={styles.ways}>
          <Button look="primary" onClick={again} disabled={!done} data-testid={testids.doctorAgain}>
            {strings.doctor.again}
          </Button>
          <Button onClick={() => go('/')}>{strings.doctor.home}</Button>
        </div>
      </div>
    </main>
  )
}

// The lines that stand there until something is known.
const waiting = (): Check[] =>
  Object.values(strings.doctor.names).map((name) => ({ name, state: 'untried', detail: '' }))

const signs = { works: CheckMark, fails: X, untried: Minus }

const Way = ({ check, trying }: { check: Check; trying: boolean }) => {
  const state = trying ? 'trying' : check.state
  const Sign = signs[check.state]
  return (
    <li className={styles.check} data-testid={testids.doctorCheck} data-check={check.name} data-state={state}>
      <span className={styles.sign} aria-hidden="true">
        {trying ? <span className={styles.pulse} /> : <Sign size={16} strokeWidth={2.5} />}
      </span>
      <span className={styles.name}>{check.name}</span>
      <span className={styles.state}>{strings.doctor.states[state]}</span>
      <span className={styles.detail}>{check.detail}</span>
    </li>
  )
}

const Found = ({ finding }: { finding: Finding }) => (
  <li
    className={finding.note === true ? styles.note : styles.finding}
    data-testid={testids.doctorFinding}
    data-code={finding.code}
  >
    <p className={styles.code}>
      {finding.code}
      {finding.note === true && ` · ${strings.doctor.toKnow}`}
    </p>
    <p className={styles.cause}>{finding.cause}</p>
    <p className={styles.remedy}>{finding.remedy}</p>
    {finding.line !== undefined && (
      <pre className={styles.config} tabIndex={0}>
        <code>{finding.line}</code>
      </pre>
    )}
  </li>
)
