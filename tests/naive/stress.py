"""Slow, obvious twins of the finance kernels: one path at a time, in plain Python."""

import math

from tidegate.finance.paths.kernel import Draws, Moves
from tidegate.finance.stress.kernel import Fleet, Weather


def walk(moves: Moves, draws: Draws) -> tuple[list[list[list[float]]], list[list[list[float]]]]:
    """Rents and second-hand prices, as nested lists (paths, months, generations)."""
    (scarce, s_anchor, s_noise, back, rho, p_jump, s_jump, beta, s_resale) = map(float, moves.rates)
    paths, months, generations, _ = draws.own.shape
    rents, resales = [], []
    for p in range(paths):
        regimes = ["scarcity" if draws.uniform[p, 0, 0] < scarce else "glut"]
        for t in range(1, months):
            code = 0 if regimes[-1] == "glut" else 1
            flips = draws.uniform[p, t, 0] < moves.leave[code]
            other = {"glut": "scarcity", "scarcity": "glut"}[regimes[-1]]
            regimes.append(other if flips else regimes[-1])
        rent = [[float(moves.start[g, 0]) for g in range(generations)]]
        resale = [[float(moves.start[g, 1]) for g in range(generations)]]
        rent += [[0.0] * generations for _ in range(months - 1)]
        resale += [[0.0] * generations for _ in range(months - 1)]
        for g in range(generations):
            anchor = noise = price = 0.0
            for t in range(1, months):
                drift = moves.drift[0 if regimes[t] == "glut" else 1] - moves.fall[g, 0]
                jump = s_jump * draws.common[p, t, 3] if draws.uniform[p, t, 1] < p_jump else 0.0
                shocks = [
                    math.sqrt(rho) * draws.common[p, t, k]
                    + math.sqrt(1 - rho) * draws.own[p, t, g, k]
                    for k in range(3)
                ]
                step = drift + jump + s_anchor * shocks[0]
                anchor += step
                noise = (1 - back) * noise + s_noise * shocks[1]
                price += beta * step - moves.fall[g, 1] + s_resale * shocks[2]
                rent[t][g] = moves.start[g, 0] * math.exp(anchor + noise)
                resale[t][g] = moves.start[g, 1] * math.exp(price)
        rents.append(rent)
        resales.append(resale)
    return rents, resales


def play(fleet: Fleet, weather: Weather) -> dict[str, list[list[float]]]:
    """The ledgers of every path, by name."""
    beta, s_occ, m_occ, s_pow, m_pow, discount = map(float, weather.rules)
    paths, months = weather.shock.shape[:2]
    cohorts = range(fleet.place.size)
    out: dict[str, list[list[float]]] = {
        name: [] for name in ("rent", "own_value", "cash", "power", "leased", "worth")
    }
    for p in range(paths):
        occupancy = [0.0]
        power = [0.0]
        for t in range(months):
            occupancy.append(m_occ * occupancy[-1] + s_occ * weather.shock[p, t, 0])
            power.append(m_pow * power[-1] + s_pow * weather.shock[p, t, 1])
        out["power"].append([math.exp(v) for v in power[1:]])
        sums = {name: [0.0] * months for name in ("rent", "own_value", "cash", "leased")}
        worth = [0.0 for _ in cohorts]
        for c in cohorts:
            leased, most, own = map(float, fleet.hours[c])
            rent, own_rent, fixed, base, extra = map(float, fleet.money[c])
            for t in range(min(months, int(fleet.ends[c]))):
                g = int(fleet.place[c])
                ratio = float(weather.ratio[p, t + 1, g]) if g >= 0 else 1.0
                hours = min(most, leased * math.exp(occupancy[t + 1]) * ratio**beta)
                cash = fixed + math.exp(power[t + 1]) * (base + hours * extra)
                sums["rent"][t] += hours * rent * ratio
                sums["own_value"][t] += own * own_rent * ratio
                sums["cash"][t] += cash
                sums["leased"][t] += hours
                worth[c] += (hours * rent * ratio - cash) * discount ** (t + 1)
                if t + 1 == fleet.ends[c] and g >= 0:
                    price = float(weather.resale[p, t + 1, g])
                    worth[c] += fleet.gpus[c] * price * discount ** (t + 1)
        for name, values in sums.items():
            out[name].append(values)
        out["worth"].append(worth)
    return out
