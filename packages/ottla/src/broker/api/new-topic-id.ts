/** Draws ids for topics. Some of all ids are not given out: see base/uuid. */
import { isAssignable, type Uuid, uuidFromBytes } from '../../base/uuid.ts'
import type { Crypto } from '../../ports/crypto.ts'

export function newTopicId(crypto: Crypto): Uuid {
  let id = uuidFromBytes(crypto.randomUuid())
  while (!isAssignable(id)) id = uuidFromBytes(crypto.randomUuid())
  return id
}
