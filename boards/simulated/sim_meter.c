// The meters: one for each EVSE, counting in station time what the cars draw. See sim.h.

#include "sim.h"

#include "port.h"

// The current that a pilot signal offers (IEC 61851-1, table A.8), in mA; no limit where it is agreed in other ways (5 %).
static uint32_t offered_ma(uint16_t permille) {
    if (permille >= 80 && permille < 100) {
        return 6000;
    }
    if (permille >= 100 && permille <= 850) {
        return permille * 60u;
    }
    if (permille > 850 && permille <= 960) {
        return (permille - 640u) * 250u;
    }
    return permille == SIM_PWM_OFF || permille == SIM_PWM_STEADY ? 0 : UINT32_MAX;
}

uint32_t sim_drawn_ma(const sim_connector_t *connector, uint8_t phase) {
    if (!connector->closed || phase > connector->phases || phase > sim.phases || !sim_wants_current(connector)) {
        return 0;
    }
    uint32_t offered = connector->obeys ? offered_ma(connector->pwm) : UINT32_MAX;
    return connector->current_ma < offered ? connector->current_ma : offered;
}

uint8_t sim_phases(uint8_t evse) {
    const sim_evse_t *e = sim_evse(evse);
    uint8_t most = 0;
    for (int c = 0; c < e->connectors; c++) {
        const sim_connector_t *connector = &e->connector[c];
        if (sim_drawn_ma(connector, 1) > 0 && connector->phases > most) {
            most = connector->phases;
        }
    }
    most = most < sim.phases ? most : sim.phases;
    return most == 0 && e->meter.power_w > 0 ? 1 : most;
}

uint32_t sim_current_ma(uint8_t evse, uint8_t phase) {
    const sim_evse_t *e = sim_evse(evse);
    if (e->meter.power_w != SIM_NOT_SET) {
        uint8_t phases = sim_phases(evse);
        return phase <= phases ? (uint32_t)((uint64_t)e->meter.power_w * 10000 / SIM_VOLTAGE_DV / phases) : 0;
    }
    uint32_t sum = 0;
    for (int c = 0; c < e->connectors; c++) {
        sum += sim_drawn_ma(&e->connector[c], phase);
    }
    return sum;
}

uint32_t sim_power_mw(uint8_t evse) {
    const sim_evse_t *e = sim_evse(evse);
    if (e->meter.power_w != SIM_NOT_SET) {
        return (uint32_t)e->meter.power_w * 1000u;
    }
    uint64_t sum = 0;
    for (uint8_t phase = 1; phase <= SIM_PHASES_MAX; phase++) {
        sum += (uint64_t)sim_current_ma(evse, phase) * SIM_VOLTAGE_DV / 10;
    }
    return (uint32_t)sum;
}

#define MW_MS_PER_MWH 3600000u

static uint32_t counting_mw(uint8_t evse) {
    const sim_meter_t *meter = &sim_evse(evse)->meter;
    return meter->rate_w != SIM_NOT_SET ? (uint32_t)meter->rate_w * 1000u : sim_power_mw(evse);
}

void sim_meter_count(uint8_t evse) {
    sim_meter_t *meter = &sim_evse(evse)->meter;
    uint64_t now = sim_ticks_us() / 1000;
    uint64_t work = counting_mw(evse) * (now - meter->until_ms) + meter->rest;
    meter->until_ms = now;
    meter->rest = work % MW_MS_PER_MWH;
    if (work >= MW_MS_PER_MWH) {
        meter->mwh += work / MW_MS_PER_MWH;
        port_meter(evse, meter->mwh);
    }
}

uint64_t sim_meter_mwh(uint8_t evse) {
    sim_meter_count(evse);
    return sim_evse(evse)->meter.mwh;
}

void sim_meter_set(uint8_t evse, uint64_t mwh) {
    sim_meter_count(evse);
    sim_evse(evse)->meter.mwh = mwh;
    sim_evse(evse)->meter.rest = 0;
    port_meter(evse, mwh);
}

void sim_meter_shift(uint8_t evse, int64_t ms) {
    sim_meter_t *meter = &sim_evse(evse)->meter;
    int64_t mwh = (int64_t)counting_mw(evse) * (ms / 1000) / 3600;
    meter->mwh = mwh < 0 && (uint64_t)-mwh > meter->mwh ? 0 : meter->mwh + (uint64_t)mwh;
    port_meter(evse, meter->mwh);
}
