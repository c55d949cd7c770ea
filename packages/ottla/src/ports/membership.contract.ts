/** What every Membership adapter must do. `open` gives a member; members of one test share the engine where it has more than one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Membership } from './membership.ts'

const presence = (incarnation: string) => ({ brokerId: 1, incarnation, registration: new Uint8Array([7]) })

export function membershipContract(name: string, open: () => Promise<Membership>): void {
  describe(`${name} keeps the Membership contract`, () => {
    test('who registered is alive until it leaves', async () => {
      const member = await open()
      assert.deepEqual(await member.alive(), [])
      assert.deepEqual(await member.register(presence('i1')), { kind: 'ok' })
      assert.deepEqual(
        (await member.alive()).map(each => each.incarnation),
        ['i1'],
      )
      await member.close()
      assert.deepEqual(await member.alive(), [])
    })

    test('registering again is no error, another incarnation of a living broker is refused', async () => {
      const member = await open()
      await member.register(presence('i1'))
      assert.deepEqual(await member.register(presence('i1')), { kind: 'ok' })
      assert.deepEqual(await member.register(presence('i2')), { kind: 'taken', incarnation: 'i1' })
    })

    test('a campaign is won with an epoch above all before, and held until it is resigned', async () => {
      const member = await open()
      const first = await member.campaign(1, 'i1')
      assert.ok(first !== null)
      assert.ok(first.valid())
      assert.deepEqual(await member.controller(), { brokerId: 1, epoch: first.epoch })
      await first.resign()
      assert.equal(first.valid(), false)
      assert.equal(await member.controller(), null)
      const second = await member.campaign(1, 'i1')
      assert.ok(second !== null && second.epoch > first.epoch)
    })

    test('closing ends leadership, and a campaign after it is not won', async () => {
      const member = await open()
      const leadership = await member.campaign(1, 'i1')
      await member.close()
      assert.equal(leadership?.valid(), false)
      assert.equal(await member.campaign(1, 'i1'), null)
    })

    test('watchers are told of changes', async () => {
      const member = await open()
      let calls = 0
      member.watch(() => calls++)
      await member.register(presence('i1'))
      const registered = calls
      await member.campaign(1, 'i1')
      assert.ok(registered > 0 && calls > registered)
    })
  })
}
