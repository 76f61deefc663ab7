// Where a part of the page cannot be shown: most likely its file is not there any more, because the server was updated
// while the page was open. Reloading mends that.

import { Component, type ReactNode } from 'react'
import { Ended } from './Ended'

export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError = () => ({ broken: true })

  override render() {
    if (!this.state.broken) return this.props.children
    return (
      <Ended room="" code="bad_message" trying={false} nextTry={undefined} again={() => location.reload()} />
    )
  }
}
