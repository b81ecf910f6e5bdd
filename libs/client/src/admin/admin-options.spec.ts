import { describe, expect, it } from '@jest/globals';
import { ADMIN_DEFAULTS, type AdminOptions, adminSettings } from './admin-options.js';

describe('the options of an admin', () => {
  it('have defaults', () => {
    expect(adminSettings()).toEqual(ADMIN_DEFAULTS);
  });

  it('stand over the defaults, and those that are left undefined do not', () => {
    const settings = adminSettings({ timeoutMs: 7, retryBackoffMs: undefined } as unknown as AdminOptions);
    expect(settings).toEqual({ ...ADMIN_DEFAULTS, timeoutMs: 7 });
  });

  it('are frozen', () => {
    expect(Object.isFrozen(adminSettings({ timeoutMs: 7 }))).toBe(true);
  });

  it('are refused with what is allowed', () => {
    expect(() => adminSettings({ timeoutMs: 0 })).toThrow(
      "[MISUSE] the admin's timeoutMs is 0; a whole number from 1 to 2147483647 is allowed",
    );
    expect(() => adminSettings({ requestItemsMax: 1.5 })).toThrow("[MISUSE] the admin's requestItemsMax is 1.5");
  });

  it('are refused when there is none of that name', () => {
    expect(() => adminSettings({ retires: 3 } as AdminOptions)).toThrow('[MISUSE] an admin has no option retires');
  });
});
