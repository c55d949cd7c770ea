import { startBroker } from 'ottla/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

let broker
beforeAll(async () => {
  broker = await startBroker({ topics: { orders: 3 } })
})
afterEach(() => broker.reset())
afterAll(() => broker.close())

for (const order of ['o-1', 'o-2']) {
  test(`each test finds the topic empty (${order})`, async () => {
    expect(await broker.consumeAll('orders')).toEqual([])
    const [place] = await broker.produce('orders', [{ key: order, value: 'placed' }])
    expect(place.offset).toBe(0)
  })
}
