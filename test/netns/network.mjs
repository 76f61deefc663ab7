// A client, a router and a server, each in a network namespace of its own. This process and the browsers it starts are the
// client; the others are gone with it. What the router does to packets is a ruleset of nftables, one at a time.

import { spawn, spawnSync } from 'node:child_process'
import { ADDRESS } from '../e2e/harness/network.mjs'

export const CLIENT = { v4: ADDRESS, v6: '2001:db8:1::2' }
export const OTHER_CLIENT = '198.51.100.3'
export const ROUTER = { v4: '198.51.100.1', v6: '2001:db8:1::1' }
/** Addresses as the Internet has them: Chromium takes no candidate at port 443 of a private one. */
export const SERVER = { v4: '203.0.113.2', v6: '2001:db8:2::2' }

export class Network {
  #router
  #server
  #zone = 1

  static async build() {
    const net = new Network()
    net.#router = await namespace()
    net.#server = await namespace()
    const { router, server } = net
    // Of the pair that harness/network.mjs made, one end is the client's already.
    ip([], `link set parlor1 netns ${router.pid}`)
    ip(router.by, 'link set lo up')
    ip(router.by, 'link add parlor2 type veth peer name parlor3')
    ip(router.by, `link set parlor3 netns ${server.pid}`)
    sysctl(router.by, 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
    sysctl([], 'net.ipv4.conf.all.promote_secondaries=1', 'net.ipv6.conf.parlor0.accept_ra=0')
    address(router.by, 'parlor1', `${ROUTER.v4}/24`, `${ROUTER.v6}/64`)
    address(router.by, 'parlor2', '203.0.113.1/24', '2001:db8:2::1/64')
    ip(server.by, 'link set lo up')
    address(server.by, 'parlor3', `${SERVER.v4}/24`, `${SERVER.v6}/64`)
    ip(server.by, 'route add default via 203.0.113.1')
    ip(server.by, '-6 route add default via 2001:db8:2::1')
    return net
  }

  /** How to run a command there: `by` goes before it. */
  get router() {
    return { pid: this.#router.pid, by: enter(this.#router) }
  }

  get server() {
    return { pid: this.#server.pid, by: enter(this.#server) }
  }

  /** From now on the router does this, and nothing else. The rules are chains of a table. */
  rules(...chains) {
    const table = ['table inet parlor {', ...chains, '}'].join('\n')
    nft(this.router.by, `table inet parlor\ndelete table inet parlor\n${table}`)
  }

  /** Packets of the client come from the router's own address, by ports that it picks. */
  translated() {
    return `chain zones { type filter hook prerouting priority raw; ct zone set ${this.#zone}; }
      chain nat { type nat hook postrouting priority srcnat; oifname "parlor2" masquerade fully-random; }`
  }

  /** As a router that was started again: it knows no connection any more, and picks other ports for what comes. */
  forget() {
    this.#zone++
  }

  /** Packets above this size get lost on the way, and nobody is told. TCP was told at its start how large segments may be. */
  hole(mtu) {
    ip(this.router.by, `link set parlor1 mtu ${mtu}`)
  }

  /** The client moves to another address. */
  move(from, to) {
    address([], 'parlor0', `${to}/24`)
    ip([], `addr del ${from}/24 dev parlor0`)
    ip([], `route replace default via ${ROUTER.v4}`)
  }

  /** With IPv6 instead of IPv4, or the other way round again. Otherwise the client has IPv4 alone, so that its way is the one we look at. */
  only6(on) {
    if (on) {
      ip([], `addr del ${CLIENT.v4}/24 dev parlor0`)
      address([], 'parlor0', `${CLIENT.v6}/64`)
      ip([], `-6 route replace default via ${ROUTER.v6}`)
    } else {
      ip([], `addr del ${CLIENT.v6}/64 dev parlor0`)
      address([], 'parlor0', `${CLIENT.v4}/24`)
      ip([], `route replace default via ${ROUTER.v4}`)
    }
  }

  close() {
    for (const child of [this.#router, this.#server]) child.kill('SIGKILL')
  }
}

const forward = (...rules) => `chain way { type filter hook forward priority 0; ${rules.join('; ')}; }`

/** What networks do. */
export const open = forward('accept')
export const noUdp = forward('meta l4proto udp drop')
export const only443 = forward(
  'ct state established,related accept',
  'tcp dport 443 accept',
  'meta l4proto { tcp, udp } drop',
)
/** Nothing goes through but by a proxy on the router. */
export const nothing = forward('meta l4proto { tcp, udp } drop')
/** What goes to port 443 by TCP comes to this port of the router instead. */
export const divert = (port) =>
  `chain divert { type nat hook prerouting priority dstnat; iifname "parlor1" tcp dport 443 redirect to :${port}; }`
/** What a smaller link asks for on both sides of it; the errors that would say so get lost. */
export const clamp = (mtu) => `chain mute {
    type filter hook output priority 0
    icmp type destination-unreachable drop
    icmpv6 type packet-too-big drop
  }
  ${forward(`tcp flags syn tcp option maxseg size set ${mtu - 40}`)}`

const enter = ({ pid }) => ['nsenter', '-t', `${pid}`, '-n']

/** A namespace for as long as a process in it lives, which ends with this one. */
async function namespace() {
  const child = spawn('unshare', ['--net', 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ready = new Promise((done, fail) => child.once('error', fail).stdout.once('data', done))
  child.stdin.write('\n')
  await ready
  return child
}

function run(by, command, input) {
  const [program, ...args] = [...by, ...command]
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
  })
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')}: ${stderr || error}`)
}

const ip = (by, args) => run(by, ['ip', ...args.split(' ')])
const nft = (by, script) => run(by, ['nft', '-f', '-'], `${script}\n`)

function sysctl(by, ...settings) {
  const script = settings.map((s) => `echo ${s.split('=')[1]} > /proc/sys/${s.split('=')[0].replaceAll('.', '/')}`)
  run(by, ['sh', '-c', script.join(' && ')])
}

function address(by, dev, ...addresses) {
  for (const a of addresses) ip(by, `addr add ${a} dev ${dev}${a.includes(':') ? ' nodad' : ''}`)
  ip(by, `link set ${dev} up`)
}
