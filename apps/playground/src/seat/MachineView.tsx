/** The state diagram, with the current state lit and the way that led to it. The same is told in words to who cannot see it. */
import { useConnection } from "@cc/react";
import { type ReactElement, useId, useRef, useSyncExternalStore } from "react";
import { useSeat } from "./context.js";
import { edgeBetween, edges, groups, HEIGHT, inWords, litBy, type NodeId, nodeOf, nodes } from "./machine.js";

export function MachineView(): ReactElement {
  const { hands } = useSeat();
  const phase = useConnection((s) => s.phase);
  const status = useConnection((s) => s.status);
  const probing = useSyncExternalStore(hands.watchProbes, hands.probing);
  const id = useId();
  const lit = litBy({ phase, status }, probing);
  const current = lit[0] ?? "idle";
  const path = useRef<{ readonly now: NodeId; readonly before: NodeId | undefined }>({
    now: current,
    before: undefined,
  });
  // Stages of one attempt are no way from place to place: the edge that led into it stays lit.
  if (path.current.now !== current) {
    const within = nodeOf(current).place === nodeOf(path.current.now).place;
    path.current = { now: current, before: within ? path.current.before : path.current.now };
  }
  const { before } = path.current;
  const taken = before === undefined ? undefined : edgeBetween(before, current);

  return (
    <figure className="machine" data-state={current}>
      <svg viewBox="0 0 346 246" aria-hidden="true" focusable="false">
        <defs>
          {["still", "taken"].map((kind) => (
            <marker
              key={kind}
              id={`${id}-${kind}`}
              className={`head ${kind}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="6.5"
              markerHeight="6.5"
              orient="auto-start-reverse"
            >
              <path d="M0 0.5L7.5 4L0 7.5z" />
            </marker>
          ))}
        </defs>
        {groups.map((group) => (
          <g key={group.id} className="group" data-lit={nodeOf(current).place === group.id || undefined}>
            <rect x="12" y={group.y} width="316" height="56" rx="9" />
            <text x="22" y={group.y + 14}>
              {group.id}
            </text>
          </g>
        ))}
        {[...edges.filter((edge) => edge !== taken), ...(taken ? [taken] : [])].map((edge) => (
          <g key={`${edge.from} ${edge.to}`} className="edge" data-taken={edge === taken || undefined}>
            <path d={edge.path} markerEnd={`url(#${id}-${edge === taken ? "taken" : "still"})`} />
            <text x={edge.at[0]} y={edge.at[1]} textAnchor={edge.at[2]}>
              {edge.label}
            </text>
          </g>
        ))}
        {nodes.map((node) => (
          <g key={node.id} className="node" data-node={node.id} data-lit={lit.includes(node.id) || undefined}>
            <rect x={node.x} y={node.y} width={node.width} height={HEIGHT} rx="7" />
            <text x={node.x + node.width / 2} y={node.y + HEIGHT / 2 + 4} textAnchor="middle">
              {node.id}
            </text>
          </g>
        ))}
      </svg>
      <figcaption className="sr">{inWords(lit, before)}</figcaption>
    </figure>
  );
}
