import type { Company } from './company'
import type { Data } from './data'
import type { Ladder } from './ladder'
import type { Link } from './link'
import type { Media } from './media'
import type { Moderated } from './moderation'
import type { Session } from './session'
import type { ServerMessage } from './wire'

/** The parts of a room that messages of the server are for. */
export interface Parts {
  data: Data
  session: Session | undefined
  ladder: Ladder | undefined
  media: Media | undefined
  company: Company
  moderated: Moderated
  /** The server ended the session. */
  closed(code: string): void
}

/** Gives a message to the part that it is for. */
export function dispatch(link: Link, message: ServerMessage, parts: Parts): void {
  const { company, moderated, data, session, ladder, media } = parts
  ladder?.heard(link)
  if (data.take(link, message)) return
  switch (message.t) {
    case 'log':
      session?.log(link, message)
      break
    case 'attached':
      session?.attached(link, message)
      break
    case 'reset':
      session?.reset(link, message)
      break
    case 'pong':
      ladder?.pong(link, message.id)
      break
    case 'beat':
      // Said on the link that asked, whatever carries messages: it shows that this one lives.
      session?.ackNow(link)
      break
    case 'slots':
      media?.slots(message.rev, message.slots)
      break
    case 'layers':
      media?.publications.layers(message.mid, message.rids)
      break
    case 'speakers':
      company.speakers.hear(message.ids)
      break
    case 'quality':
      company.qualities.say(message.of)
      break
    case 'knocks':
      moderated.wait(message.knocks)
      break
    case 'answer':
      media?.answered(message)
      break
    case 'error':
      if (message.re === 'm' || message.re === 's' || message.re === 'attach') session?.refused(link, message)
      else if (message.re === 'view') company.viewing.refused(message.retryMs)
      else media?.refused(message)
      break
    case 'closed':
      parts.closed(message.code)
      break
    case 'joined':
    case 'wait':
    case 'resumed':
      // Answers to a hello, which the connection takes; later they mean nothing.
      break
  }
}
