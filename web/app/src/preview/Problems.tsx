// What is wrong with the devices, in words, and what to do about it.

import { CircleAlert } from 'lucide-react'
import type { CaptureState } from '../media/capture'
import { type Device, type Problem, browserOf } from '../media/problem'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import { explain } from './explain'
import styles from './Problems.module.css'

const CAN_RETRY: ReadonlySet<Problem> = new Set([
  'denied',
  'dismissed',
  'system',
  'busy',
  'failed',
  'missing',
  'ended',
])

interface Props {
  state: CaptureState
  retry: (devices: readonly Device[]) => void
}

export const Problems = ({ state, retry }: Props) => {
  const { camera, microphone } = state
  const found: { problem: Problem; devices: Device[] }[] = []
  if (camera.problem !== undefined) found.push({ problem: camera.problem, devices: ['camera'] })
  if (microphone.problem !== undefined) {
    const same = found.find((f) => f.problem === microphone.problem)
    if (same === undefined) found.push({ problem: microphone.problem, devices: ['microphone'] })
    else same.devices.push('microphone')
  }
  if (found.length === 0) return null
  const browser = browserOf(navigator.userAgent, navigator.maxTouchPoints)
  return (
    <ul className={styles.problems} role="status">
      {found.map(({ problem, devices }) => {
        const { title, how } = explain(problem, devices, browser, location.origin)
        return (
          <li
            key={devices.join()}
            className={styles.problem}
            data-testid={testids.problem}
            data-problem={problem}
          >
            <CircleAlert size={20} aria-hidden="true" className={styles.icon} />
            <div>
              <h2>{title}</h2>
              <p>{how}</p>
            </div>
            {CAN_RETRY.has(problem) && (
              <Button size="small" className={styles.retry} onClick={() => retry(devices)}>
                {strings.preview.tryAgain}
              </Button>
            )}
          </li>
        )
      })}
    </ul>
  )
}
