import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { BrokerConfigInForce } from './broker-config.ts'
import { evolve } from './evolve.ts'
import { ConfigResource, emptyImage, type MetadataImage } from './image.ts'

const set = (image: MetadataImage, resourceName: string, name: string, value: string | null) =>
  evolve(image, { type: 'config', body: { resourceType: ConfigResource.broker, resourceName, name, value } })

test('what is in force follows the image, for this broker and for all', () => {
  const config = new BrokerConfigInForce(brokerConfigOf(), 2)
  let image = emptyImage()
  assert.equal(config.at(image), config.start)
  image = set(image, '', 'max.connections', '5')
  assert.equal(config.at(image).maxConnections, 5)
  image = set(image, '2', 'max.connections', '6')
  assert.equal(config.at(image).maxConnections, 6)
  image = set(image, '2', 'max.connections', null)
  assert.equal(config.at(image).maxConnections, 5)
  assert.equal(config.at(set(image, '3', 'max.connections', '9')), config.at(image), 'another broker is no change')
})
