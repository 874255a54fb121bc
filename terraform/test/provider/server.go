package main

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// provider answers Terraform over protocol 5, as Google's does. What is not asked of a provider that has resources and
// data sources only (functions, ephemeral resources, identities, imports, moves) is the nil server's.
type provider struct {
	tfprotov5.ProviderServer
	block                  *tfprotov5.Schema
	resources, dataSources map[string]*tfprotov5.Schema
	defaults               map[string]string // project, region and zone of the provider block
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{Provider: p.block, ResourceSchemas: p.resources, DataSourceSchemas: p.dataSources}, nil
}

func (p *provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p *provider) ConfigureProvider(_ context.Context, r *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := r.Config.Unmarshal(p.block.ValueType())
	if err != nil {
		return nil, err
	}
	arguments, err := attributes(config)
	if err != nil {
		return nil, err
	}
	p.defaults = map[string]string{}
	for _, name := range []string{"project", "region", "zone"} {
		if v := arguments[name]; v.IsKnown() && !v.IsNull() {
			p.defaults[name] = text(v)
		}
	}
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (p *provider) ValidateResourceTypeConfig(_ context.Context, r *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	faults, err := validate(p.resources[r.TypeName], r.Config)
	return &tfprotov5.ValidateResourceTypeConfigResponse{Diagnostics: faults}, err
}

func (p *provider) ValidateDataSourceConfig(_ context.Context, r *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	faults, err := validate(p.dataSources[r.TypeName], r.Config)
	return &tfprotov5.ValidateDataSourceConfigResponse{Diagnostics: faults}, err
}

// A state has one version here, and is what it says: nobody else changes what is nowhere else.

func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	typ := p.resources[r.TypeName].ValueType()
	v, err := r.RawState.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(typ, v)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

func (p *provider) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: r.CurrentState, Private: r.Private}, nil
}

func (p *provider) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	schema := p.resources[r.TypeName]
	destroy, err := r.ProposedNewState.IsNull()
	if err != nil || destroy {
		return &tfprotov5.PlanResourceChangeResponse{PlannedState: r.ProposedNewState}, err
	}
	config, err1 := r.Config.Unmarshal(schema.ValueType())
	prior, err2 := r.PriorState.Unmarshal(schema.ValueType())
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	v, err := p.plan(r.TypeName, schema.Block, config, prior)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(schema.ValueType(), v)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &state}, err
}

func (p *provider) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	typ := p.resources[r.TypeName].ValueType()
	planned, err := r.PlannedState.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	if planned.IsNull() {
		return p.destroy(r)
	}
	state, err := p.finished(r.TypeName, planned)
	return &tfprotov5.ApplyResourceChangeResponse{NewState: state}, err
}

// protected are the types that the provider does not destroy unless the configuration says that it may.
var protected = map[string]bool{"google_cloud_run_v2_service": true, "google_container_cluster": true, "google_sql_database_instance": true}

func (p *provider) destroy(r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	prior, err := r.PriorState.Unmarshal(p.resources[r.TypeName].ValueType())
	if err != nil {
		return nil, err
	}
	was, err := attributes(prior)
	if err != nil {
		return nil, err
	}
	on := protected[r.TypeName]
	if flag, ok := was["deletion_protection"]; ok && !flag.IsNull() {
		err = flag.As(&on)
	}
	if !on || err != nil {
		return &tfprotov5.ApplyResourceChangeResponse{NewState: r.PlannedState}, err
	}
	return &tfprotov5.ApplyResourceChangeResponse{NewState: r.PriorState, Diagnostics: []*tfprotov5.Diagnostic{{
		Severity: tfprotov5.DiagnosticSeverityError,
		Summary:  "cannot destroy it without setting deletion_protection=false and running `terraform apply`",
	}}}, nil
}

func (p *provider) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	schema := p.dataSources[r.TypeName]
	config, err := r.Config.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	planned, err := p.plan(r.TypeName, schema.Block, config, tftypes.NewValue(schema.ValueType(), nil))
	if err != nil {
		return nil, err
	}
	state, err := p.finished(r.TypeName, planned)
	return &tfprotov5.ReadDataSourceResponse{State: state}, err
}
