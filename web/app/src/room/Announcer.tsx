// Says to screen readers what others see pass by: who comes and goes, and what is written.

import { useStore } from '../store'
import { strings } from '../strings'
import type { Call } from './Call'

export const Announcer = ({ call }: { call: Call }) => {
  const notices = useStore(call.notices.state)
  const { messages } = useStore(call.chat.state)
  const { said } = useStore(call.reactions.state)
  const notice = notices.findLast((n) => !n.chat)
  const message = messages.findLast((m) => !m.mine)
  return (
    <>
      <div className="unseen" role="status" aria-live="polite">
        {notice?.text}
      </div>
      <div className="unseen" role="status" aria-live="polite">
        {said === undefined ? '' : strings.room.reacted(said.name, strings.reactions[said.emoji], said.more)}
      </div>
      <div className="unseen" role="log" aria-live="polite">
        {message === undefined ? '' : strings.chat.says(message.name || strings.room.someone, message.text)}
      </div>
    </>
  )
}
